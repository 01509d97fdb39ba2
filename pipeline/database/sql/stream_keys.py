"""Keys of streams as rows."""

from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from pipeline.database.sql.columns import now_s, utc, utc_or_none
from pipeline.database.sql.stream_tables import stream, stream_key
from pipeline.database.streams import NewStreamKey, StreamKeyRow
from schemas.streams import StreamId, StreamKeyId


def _row(row: Row[Any]) -> StreamKeyRow:
    return StreamKeyRow(
        id=row.id,
        stream_id=row.stream_id,
        account=row.account,
        label=row.label,
        prefix=row.prefix,
        digest=row.digest,
        version=row.version,
        created_at=utc(row.created_at),
        last_used_at=utc_or_none(row.last_used_at),
        revoked_at=utc_or_none(row.revoked_at),
    )


def _all() -> Select[Any]:
    query = select(stream_key, stream.c.account)
    return query.join(stream, stream.c.id == stream_key.c.stream_id)


class SqlStreamKeys:
    """See ``streams.StreamKeyRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: NewStreamKey) -> None:
        self._connection.execute(
            insert(stream_key).values(
                id=row.id,
                stream_id=row.stream_id,
                label=row.label,
                prefix=row.prefix,
                digest=row.digest,
                version=1,
                created_at=now_s(),
            )
        )

    def get(self, key_id: StreamKeyId) -> StreamKeyRow | None:
        return self._one(_all().where(stream_key.c.id == key_id))

    def begins(self, prefix: str) -> StreamKeyRow | None:
        return self._one(_all().where(stream_key.c.prefix == prefix))

    def _one(self, query: Select[Any]) -> StreamKeyRow | None:
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _row(row)

    def of(self, owner: str | None, stream_id: StreamId | None = None) -> list[StreamKeyRow]:
        query = _all().order_by(stream_key.c.created_at.desc(), stream_key.c.id.desc())
        if owner is not None:
            query = query.where(stream.c.account == owner)
        if stream_id is not None:
            query = query.where(stream_key.c.stream_id == stream_id)
        return [_row(row) for row in self._connection.execute(query)]

    def count_live_of(self, stream_id: StreamId) -> int:
        query = select(func.count()).where(
            stream_key.c.stream_id == stream_id, stream_key.c.revoked_at.is_(None)
        )
        count: int = self._connection.execute(query).scalar_one()
        return count

    def name(self, key_id: StreamKeyId, label: str) -> None:
        self._set(key_id, label=label)

    def rotate(self, key_id: StreamKeyId, *, prefix: str, digest: str) -> None:
        self._set(key_id, prefix=prefix, digest=digest, version=stream_key.c.version + 1)

    def revoke(self, key_id: StreamKeyId) -> None:
        self._set(key_id, revoked_at=func.coalesce(stream_key.c.revoked_at, now_s()))

    def use(self, key_id: StreamKeyId) -> None:
        self._set(key_id, last_used_at=now_s())

    def _set(self, key_id: StreamKeyId, **values: Any) -> None:
        self._connection.execute(
            update(stream_key).where(stream_key.c.id == key_id).values(**values)
        )
