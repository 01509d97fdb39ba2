"""What is on, as rows."""

from typing import Any

from sqlalchemy import Connection, Row, Select, select, tuple_

from pipeline.database.sql.columns import utc
from pipeline.database.sql.stream_tables import stream, stream_session
from pipeline.database.sql.tables import picture
from pipeline.database.stream_stats import OnAirRow
from schemas.identity import Playback
from schemas.streams import SessionState

_session = stream_session.c


def _row(row: Row[Any]) -> OnAirRow:
    return OnAirRow(
        id=row.id,
        stream_id=row.stream_id,
        asset_id=row.asset_id,
        title=row.title,
        description=row.description,
        opened_at=utc(row.opened_at),
        is_away=row.state == SessionState.GRACE.value,
        facts=row.facts,
        poster_key=row.poster_key,
    )


def _on_air() -> Select[Any]:
    poster = (
        select(picture.c.key)
        .where(picture.c.job_id == _session.job_id)
        .order_by(picture.c.at_s)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(stream_session, stream.c.title, stream.c.description, poster.label("poster_key"))
        .join(stream, stream.c.id == _session.stream_id)
        .where(_session.state != SessionState.CLOSED.value)
        .order_by(_session.opened_at.desc(), _session.id.desc())
    )


class SqlStreamStats:
    """See ``stream_stats.StreamStatRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def on_air(
        self, after: tuple[float, str] | None, limit: int, *, is_public: bool = False
    ) -> list[tuple[float, OnAirRow]]:
        query = _on_air()
        if after is not None:
            query = query.where(tuple_(_session.opened_at, _session.id) < after)
        if is_public:
            query = query.where(stream.c.playback == Playback.PUBLIC.value)
        rows = self._connection.execute(query.limit(limit))
        return [(row.opened_at, _row(row)) for row in rows]
