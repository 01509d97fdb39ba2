"""Fetches under way, as rows."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    Text,
    delete,
    exists,
    insert,
    select,
    update,
)

from pipeline.database.fetches import FetchRow, NewFetch
from pipeline.database.sql.columns import JsonColumn, Seconds, now_s
from pipeline.database.sql.tables import job, metadata
from schemas.fetching import FetchState
from schemas.vocabulary import AssetId, JobState

fetch = Table(
    "fetch",
    metadata,
    Column("asset_id", String(40), ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True),
    Column("url", Text, nullable=False),
    Column("limit_bytes", BigInteger, nullable=False),
    Column("is_named", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("state", JsonColumn),
    Column("created_at", Seconds, nullable=False, index=True),
)

_UNFINISHED = (JobState.WAITING.value, JobState.RUNNING.value)


def _row(row: Row[Any]) -> FetchRow:
    return FetchRow(
        asset_id=row.asset_id,
        url=row.url,
        limit_bytes=row.limit_bytes,
        is_named=row.is_named,
        epoch=row.epoch,
        state=None if row.state is None else FetchState.model_validate(row.state),
    )


class SqlFetches:
    """See ``fetches.FetchRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: NewFetch) -> None:
        self._connection.execute(
            insert(fetch).values(
                asset_id=row.asset_id,
                url=row.url,
                limit_bytes=row.limit_bytes,
                is_named=row.is_named,
                epoch=0,
                created_at=now_s(),
            )
        )

    def get(self, asset_id: AssetId) -> FetchRow | None:
        query = select(fetch).where(fetch.c.asset_id == asset_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _row(row)

    def take(self, asset_id: AssetId) -> FetchRow | None:
        row = self._connection.execute(
            update(fetch)
            .where(fetch.c.asset_id == asset_id)
            .values(epoch=fetch.c.epoch + 1)
            .returning(fetch)
        ).one_or_none()
        return None if row is None else _row(row)

    def keep(self, asset_id: AssetId, epoch: int, state: FetchState | None) -> bool:
        kept = self._connection.execute(
            update(fetch)
            .where(fetch.c.asset_id == asset_id, fetch.c.epoch == epoch)
            .values(state=None if state is None else state.model_dump(mode="json"))
        )
        return kept.rowcount == 1

    def forget(self, asset_id: AssetId) -> None:
        self._connection.execute(delete(fetch).where(fetch.c.asset_id == asset_id))

    def forget_idle(self, age_s: float, limit: int) -> list[FetchRow]:
        waits = exists().where(job.c.asset_id == fetch.c.asset_id, job.c.state.in_(_UNFINISHED))
        idle = (
            select(fetch.c.asset_id)
            .where(fetch.c.created_at < now_s() - age_s, ~waits)
            .limit(limit)
        )
        gone = delete(fetch).where(fetch.c.asset_id.in_(idle)).returning(fetch)
        return [_row(row) for row in self._connection.execute(gone)]
