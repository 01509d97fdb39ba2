"""Minutes of broadcasts, as rows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, tuple_

from pipeline.core.minutes import Minute
from pipeline.database.sql.columns import now_s
from pipeline.database.sql.stream_tables import stream_minute, stream_session
from pipeline.database.stream_stats import MinuteRow
from schemas.streams import SessionId, StreamId

_minute = stream_minute.c


def _row(row: Row[Any]) -> MinuteRow:
    kept = {name: row._mapping[name] for name in Minute.__dataclass_fields__}  # noqa: SLF001
    return MinuteRow(row.session_id, int(row.minute_at), Minute(**kept))


class SqlStreamMinutes:
    """See ``stream_stats.StreamStatRows``: the minutes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_minutes(self, rows: Sequence[MinuteRow]) -> None:
        new = [row for row in rows if row.id in self._there(rows)]
        if not new:
            return
        ids = [row.id for row in new]
        found = self._connection.execute(
            select(_minute.session_id, _minute.minute_at).where(_minute.session_id.in_(ids))
        )
        kept = {(row.session_id, int(row.minute_at)) for row in found}
        values = [
            {"session_id": row.id, "minute_at": row.minute_at_s, **vars(row.minute)}
            for row in new
            if (row.id, row.minute_at_s) not in kept
        ]
        if values:
            self._connection.execute(insert(stream_minute), values)

    def _there(self, rows: Sequence[MinuteRow]) -> frozenset[str]:
        # Held until the end: nobody deletes them meanwhile.
        query = select(stream_session.c.id).where(stream_session.c.id.in_([r.id for r in rows]))
        held = query.with_for_update(read=True, key_share=True)
        return frozenset(self._connection.execute(held).scalars())

    def minutes(
        self,
        stream_id: StreamId,
        after: tuple[float, str] | None,
        limit: int,
        *,
        session_id: SessionId | None = None,
        from_s: float | None = None,
    ) -> list[tuple[float, MinuteRow]]:
        query = (
            select(stream_minute)
            .join(stream_session, stream_session.c.id == _minute.session_id)
            .where(stream_session.c.stream_id == stream_id)
            .order_by(_minute.minute_at, _minute.session_id)
        )
        if after is not None:
            query = query.where(tuple_(_minute.minute_at, _minute.session_id) > after)
        if session_id is not None:
            query = query.where(_minute.session_id == session_id)
        if from_s is not None:
            query = query.where(_minute.minute_at >= from_s)
        rows = self._connection.execute(query.limit(limit))
        return [(row.minute_at, _row(row)) for row in rows]

    def trim_minutes(self, older_than_s: float, limit: int) -> int:
        old = (
            select(_minute.session_id, _minute.minute_at)
            .where(_minute.minute_at < now_s() - older_than_s)
            .limit(limit)
        )
        gone = self._connection.execute(
            delete(stream_minute).where(tuple_(_minute.session_id, _minute.minute_at).in_(old))
        )
        return gone.rowcount
