"""Assets as rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from pipeline.database.filters import EVERY_ASSET, AssetFilter
from pipeline.database.rows import AssetGate, AssetRow, ErrorJson, NewAsset
from pipeline.database.sql.columns import now_s, utc, utc_or_none
from pipeline.database.sql.narrowing import Key, page_of
from pipeline.database.sql.tables import asset
from schemas.identity import Playback
from schemas.media import MediaFacts
from schemas.vocabulary import AssetId, AssetState, JobId


def _row(row: Row[Any]) -> AssetRow:
    return AssetRow(
        id=row.id,
        state=AssetState(row.state),
        account=row.account,
        filename=row.filename,
        source_key=row.source_key,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        playback=Playback(row.playback),
        metadata=row.metadata,
        created_at=utc(row.created_at),
        playable_at=utc_or_none(row.playable_at),
        job_id=row.job_id,
        facts=None if row.facts is None else MediaFacts.model_validate(row.facts),
        error=row.error,
        playback_epoch=row.playback_epoch,
        kept_s=row.kept_s,
        expires_at=utc_or_none(row.expires_at),
    )


class SqlAssets:
    """See ``rowsets.AssetRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: NewAsset) -> None:
        self._connection.execute(
            insert(asset).values(
                id=row.id,
                state=AssetState.WAITING.value,
                account=row.account,
                filename=row.filename,
                source_key=row.source_key,
                size_bytes=row.size_bytes,
                sha256=row.sha256,
                playback=row.playback.value,
                metadata=row.metadata,
                kept_s=row.kept_s,
                created_at=now_s(),
            )
        )

    def get(self, asset_id: AssetId) -> AssetRow | None:
        row = self._connection.execute(select(asset).where(asset.c.id == asset_id)).one_or_none()
        return None if row is None else _row(row)

    def hold(self, asset_id: AssetId) -> AssetRow | None:
        # A key share waits for a delete under way and for nothing else.
        query = select(asset).where(asset.c.id == asset_id)
        row = self._connection.execute(
            query.with_for_update(read=True, key_share=True)
        ).one_or_none()
        return None if row is None else _row(row)

    def page(
        self, after: Key | None, limit: int, wished: AssetFilter = EVERY_ASSET
    ) -> list[tuple[float, AssetRow]]:
        is_sqlite = self._connection.dialect.name == "sqlite"
        query = page_of(asset, wished, after, limit, is_sqlite=is_sqlite)
        return [(row.created_at, _row(row)) for row in self._connection.execute(query)]

    def move(self, asset_id: AssetId, before: Sequence[AssetState], after: AssetState) -> bool:
        values: dict[str, Any] = {"state": after.value}
        if after is AssetState.PLAYABLE:
            values["playable_at"] = func.coalesce(asset.c.playable_at, now_s())
        moved = self._connection.execute(
            update(asset)
            .where(asset.c.id == asset_id, asset.c.state.in_([s.value for s in before]))
            .values(values)
        )
        return moved.rowcount == 1

    def edit(self, asset_id: AssetId, said: Mapping[str, Any]) -> AssetRow | None:
        change = update(asset).where(asset.c.id == asset_id).values(id=asset_id, **said)
        row = self._connection.execute(change.returning(asset)).one_or_none()
        return None if row is None else _row(row)

    def set_facts(self, asset_id: AssetId, facts: MediaFacts) -> None:
        self._set(asset_id, facts=facts.model_dump(mode="json"))

    def set_source(
        self, asset_id: AssetId, *, key: str, size_bytes: int, sha256: str, filename: str
    ) -> None:
        values = {"source_key": key, "size_bytes": size_bytes, "sha256": sha256}
        self._set(asset_id, **values, **({"filename": filename} if filename else {}))

    def set_error(self, asset_id: AssetId, error: ErrorJson | None) -> None:
        self._set(asset_id, error=error)

    def play(self, asset_id: AssetId, job_id: JobId, *, only_if_none: bool) -> None:
        change = update(asset).where(asset.c.id == asset_id).values(job_id=job_id)
        if only_if_none:
            change = change.where(asset.c.job_id.is_(None))
        self._connection.execute(change)

    def gates(self, asset_ids: Collection[AssetId]) -> dict[AssetId, AssetGate]:
        columns = (asset.c.id, asset.c.account, asset.c.playback, asset.c.playback_epoch)
        rows = self._connection.execute(select(*columns).where(asset.c.id.in_(asset_ids)))
        return {
            row.id: AssetGate(row.account, Playback(row.playback), row.playback_epoch)
            for row in rows
        }

    def revoke_links(self, asset_id: AssetId) -> None:
        self._set(asset_id, playback_epoch=asset.c.playback_epoch + 1)

    def expire(self, asset_id: AssetId) -> None:
        self._connection.execute(
            update(asset)
            .where(asset.c.id == asset_id, asset.c.expires_at.is_(None))
            .values(expires_at=now_s() + asset.c.kept_s)
        )

    def expired(self, linger_s: float, limit: int) -> list[AssetId]:
        query = select(asset.c.id).where(asset.c.expires_at <= now_s() - linger_s)
        oldest = query.order_by(asset.c.expires_at).limit(limit)
        return [AssetId(row.id) for row in self._connection.execute(oldest)]

    def delete(self, asset_id: AssetId) -> bool:
        gone = self._connection.execute(delete(asset).where(asset.c.id == asset_id))
        return gone.rowcount == 1

    def _set(self, asset_id: AssetId, **values: Any) -> None:
        self._connection.execute(update(asset).where(asset.c.id == asset_id).values(**values))
