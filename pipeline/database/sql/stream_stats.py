"""How broadcasts do, as rows."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    func,
    select,
    tuple_,
    update,
)

from pipeline.database.sql.columns import now_s, utc, utc_or_none
from pipeline.database.sql.stream_minutes import SqlStreamMinutes
from pipeline.database.sql.stream_tables import stream, stream_session
from pipeline.database.sql.tables import picture
from pipeline.database.stream_stats import BroadcastStat, OnAirRow, StatRow, StreamGate
from schemas.identity import Playback
from schemas.streams import SessionId, SessionState, StreamId, StreamState

_session = stream_session.c
_GRACE = SessionState.GRACE.value


def _on_air() -> Select[Any]:
    poster = (
        select(picture.c.key)
        .where(picture.c.job_id == _session.job_id)
        .order_by(picture.c.at_s)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            stream_session,
            stream.c.title,
            stream.c.description,
            poster.label("poster_key"),
            now_s().label("now_s"),
        )
        .join(stream, stream.c.id == _session.stream_id)
        .where(_session.state != SessionState.CLOSED.value)
        .order_by(_session.opened_at.desc(), _session.id.desc())
    )


def _row(row: Row[Any]) -> OnAirRow:
    return OnAirRow(
        id=row.id,
        stream_id=row.stream_id,
        asset_id=row.asset_id,
        title=row.title,
        description=row.description,
        opened_at=utc(row.opened_at),
        age_s=row.now_s - row.opened_at,
        now_s=row.now_s,
        is_away=row.state == _GRACE,
        peak_viewers=row.peak_viewers,
        facts=row.facts,
        live_facts=row.live_facts,
        poster_key=row.poster_key,
    )


def _latest() -> Select[Any]:
    other = stream_session.alias("other")
    newest = (
        select(func.max(other.c.opened_at))
        .where(other.c.stream_id == stream.c.id)
        .correlate(stream)
        .scalar_subquery()
    )
    is_newest = and_(_session.stream_id == stream.c.id, _session.opened_at == newest)
    until = func.coalesce(_session.closed_at, now_s())
    columns = (
        stream.c.id.label("of"),
        stream.c.account,
        stream.c.state.label("stream_state"),
        stream.c.started_at,
        (until - _session.opened_at).label("duration_s"),
        stream_session,
    )
    return select(*columns).select_from(stream.join(stream_session, is_newest, isouter=True))


def _stat(row: Row[Any]) -> StatRow:
    broadcast = None
    if row.id is not None:
        broadcast = BroadcastStat(
            id=row.id,
            is_away=row.state == _GRACE,
            duration_s=row.duration_s,
            received_bytes=row.received_bytes,
            peak_viewers=row.peak_viewers,
            facts=row.facts,
            live_facts=row.live_facts,
        )
    return StatRow(
        id=row.of,
        account=row.account,
        state=StreamState(row.stream_state),
        started_at=utc_or_none(row.started_at),
        broadcast=broadcast,
    )


class SqlStreamStats(SqlStreamMinutes):
    """See ``stream_stats.StreamStatRows``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
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

    def latest(self, stream_ids: Collection[StreamId]) -> list[StatRow]:
        if not stream_ids:
            return []
        query = _latest().where(stream.c.id.in_(stream_ids))
        return [_stat(row) for row in self._connection.execute(query)]

    def gates(self, stream_ids: Collection[StreamId]) -> Mapping[StreamId, StreamGate]:
        if not stream_ids:
            return {}
        row = stream.c
        found = self._connection.execute(
            select(row.id, row.account, row.playback, row.playback_epoch).where(
                row.id.in_(stream_ids)
            )
        )
        return {
            one.id: StreamGate(one.account, Playback(one.playback), one.playback_epoch)
            for one in found
        }

    def raise_peaks(self, peaks: Mapping[SessionId, int]) -> None:
        for session_id, n in sorted(peaks.items()):
            theirs = select(_session.stream_id).where(_session.id == session_id).scalar_subquery()
            # In the order in which all take them: the stream, then its broadcast.
            self._connection.execute(
                update(stream)
                .where(stream.c.id == theirs, stream.c.peak_viewers < n)
                .values(peak_viewers=n)
            )
            self._connection.execute(
                update(stream_session)
                .where(_session.id == session_id, _session.peak_viewers < n)
                .values(peak_viewers=n)
            )
