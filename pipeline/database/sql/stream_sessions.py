"""Broadcasts as rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from pipeline.database.sql.columns import now_s, utc, utc_or_none
from pipeline.database.sql.session_leases import SqlSessionLeases
from pipeline.database.sql.stream_tables import spool_piece, stream, stream_session
from pipeline.database.sql.tables import asset, job
from pipeline.database.streams import NewSession, Publisher, SessionRow, SpoolPiece
from schemas.streams import SessionEnd, SessionId, SessionState, StreamId
from schemas.vocabulary import AssetId, JobId

_OPEN, _GRACE, _CLOSED = (
    SessionState.OPEN.value,
    SessionState.GRACE.value,
    SessionState.CLOSED.value,
)
_row_of = stream_session.c


def _row(row: Row[Any]) -> SessionRow:
    return SessionRow(
        id=row.id,
        stream_id=row.stream_id,
        account=row.account,
        asset_id=row.asset_id,
        job_id=row.job_id,
        publisher=Publisher(
            door_url=row.door_url,
            holder=row.holder,
            key_id=row.key_id,
            key_version=row.key_version,
        ),
        state=SessionState(row.state),
        epoch=row.epoch,
        opened_at=utc(row.opened_at),
        last_byte_at=utc(row.last_byte_at),
        dropped_at=utc_or_none(row.dropped_at),
        closed_at=utc_or_none(row.closed_at),
        end=None if row.end_reason is None else SessionEnd(row.end_reason),
        received_bytes=row.received_bytes,
        facts=row.facts,
        live_facts=row.live_facts,
        peak_viewers=row.peak_viewers,
        silent_s=row.silent_s,
        is_leased=row.is_leased,
    )


def _all() -> Select[Any]:
    return select(
        stream_session,
        stream.c.account,
        (now_s() - _row_of.last_byte_at).label("silent_s"),
        (_row_of.lease_until > now_s()).label("is_leased"),
    ).join(stream, stream.c.id == _row_of.stream_id)


class SqlSessions(SqlSessionLeases):
    """See ``session_rows.SessionRows``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection

    def add(self, row: NewSession, lease_s: float) -> None:
        self._connection.execute(
            insert(stream_session).values(
                id=row.id,
                stream_id=row.stream_id,
                asset_id=row.asset_id,
                job_id=row.job_id,
                epoch=1,
                opened_at=now_s(),
                received_bytes=0,
                facts={},
                **_held(row.publisher, lease_s),
            )
        )

    def get(self, session_id: SessionId) -> SessionRow | None:
        return self._one(_all().where(_row_of.id == session_id))

    def opened_at(self, job_id: JobId) -> datetime | None:
        # By way of the asset, which is indexed.
        query = select(_row_of.opened_at).join(job, job.c.asset_id == _row_of.asset_id)
        found = self._connection.execute(
            query.where(job.c.id == job_id, _row_of.job_id == job_id)
        ).scalar_one_or_none()
        return utc_or_none(found)

    def note_live(self, session_id: SessionId, facts: Mapping[str, Any]) -> None:
        self._connection.execute(
            update(stream_session).where(_row_of.id == session_id).values(live_facts=dict(facts))
        )

    def of_asset(self, asset_id: AssetId) -> SessionRow | None:
        return self._one(_all().where(_row_of.asset_id == asset_id))

    def running(self, stream_id: StreamId) -> SessionRow | None:
        return self._one(_all().where(_row_of.stream_id == stream_id, _row_of.state != _CLOSED))

    def _one(self, query: Select[Any]) -> SessionRow | None:
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _row(row)

    def of_stream(self, stream_id: StreamId, limit: int) -> list[SessionRow]:
        query = _all().where(_row_of.stream_id == stream_id)
        newest = query.order_by(_row_of.opened_at.desc(), _row_of.id.desc()).limit(limit)
        return [_row(row) for row in self._connection.execute(newest)]

    def page_of(
        self, stream_id: StreamId, after: tuple[float, str] | None, limit: int
    ) -> list[tuple[float, SessionRow]]:
        query = _all().where(_row_of.stream_id == stream_id)
        if after is not None:
            query = query.where(tuple_(_row_of.opened_at, _row_of.id) < after)
        newest = query.order_by(_row_of.opened_at.desc(), _row_of.id.desc()).limit(limit)
        return [(row.opened_at, _row(row)) for row in self._connection.execute(newest)]

    def take_over(self, session_id: SessionId, publisher: Publisher, lease_s: float) -> None:
        self._move(
            [_row_of.id == session_id, _row_of.state != _CLOSED],
            epoch=_row_of.epoch + 1,
            **_held(publisher, lease_s),
        )

    def drop(self, session_id: SessionId, epoch: int | None, grace_s: float) -> bool:
        return self._move(
            [_row_of.id == session_id, _row_of.state == _OPEN, *_of_epoch(epoch)],
            state=_GRACE,
            dropped_at=now_s(),
            grace_until=now_s() + grace_s,
        )

    def close(self, session_id: SessionId, epoch: int | None, end: SessionEnd) -> bool:
        return self._move(
            [_row_of.id == session_id, _row_of.state != _CLOSED, *_of_epoch(epoch)],
            state=_CLOSED,
            closed_at=now_s(),
            end_reason=end.value,
        )

    def _move(self, where: list[ColumnElement[bool]], **values: Any) -> bool:
        moved = self._connection.execute(update(stream_session).where(*where).values(**values))
        return moved.rowcount == 1

    def abandoned(self, limit: int) -> list[SessionRow]:
        query = _all().where(_row_of.state == _OPEN, _row_of.lease_until < now_s())
        return [_row(row) for row in self._connection.execute(query.limit(limit))]

    def overdue(self, limit: int, session_id: SessionId | None = None) -> list[SessionRow]:
        query = _all().where(_row_of.state == _GRACE, _row_of.grace_until <= now_s())
        if session_id is not None:
            query = query.where(_row_of.id == session_id)
        return [_row(row) for row in self._connection.execute(query.limit(limit))]

    def orphaned(self, limit: int) -> list[SessionRow]:
        has_asset = select(asset.c.id).where(asset.c.id == _row_of.asset_id).exists()
        query = _all().where(_row_of.state != _CLOSED, ~has_asset)
        return [_row(row) for row in self._connection.execute(query.limit(limit))]

    def add_piece(self, piece: SpoolPiece) -> None:
        is_sqlite = self._connection.dialect.name == "sqlite"
        into: Any = sqlite_insert if is_sqlite else postgresql_insert
        self._connection.execute(into(spool_piece).values(**vars(piece)).on_conflict_do_nothing())

    def pieces(self, session_id: SessionId) -> list[SpoolPiece]:
        query = select(spool_piece).where(spool_piece.c.session_id == session_id)
        ordered = query.order_by(spool_piece.c.epoch, spool_piece.c.number)
        return [SpoolPiece(**row._mapping) for row in self._connection.execute(ordered)]  # noqa: SLF001


def _held(publisher: Publisher, lease_s: float) -> dict[str, Any]:
    """Write who holds it, from now on."""
    return {
        "state": literal(_OPEN),
        "door_url": publisher.door_url,
        "holder": publisher.holder,
        "key_id": publisher.key_id,
        "key_version": publisher.key_version,
        "lease_until": now_s() + lease_s,
        "last_byte_at": now_s(),
        "dropped_at": None,
        "grace_until": None,
    }


def _of_epoch(epoch: int | None) -> list[ColumnElement[bool]]:
    return [] if epoch is None else [_row_of.epoch == epoch]
