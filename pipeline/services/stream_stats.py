"""How streams do: now, for owners and viewers, and minute by minute."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from pipeline.audience.port import Crowd, ViewerKind, Viewers
from pipeline.core.access import Rule, allows, sees_all
from pipeline.core.errors import NotFound
from pipeline.core.stream_facts import door_facts, ladder_facts
from pipeline.database.port import Database, Transaction
from pipeline.database.stream_stats import BroadcastStat, MinuteRow, StatRow
from pipeline.services import cursors, stream_viewing, streams
from pipeline.services.viewing import Viewer
from schemas.identity import Identity, Role, Scope
from schemas.stream_stats import (
    DoorFacts,
    LadderFacts,
    StreamMinute,
    StreamSeries,
    StreamStats,
    ViewersByKind,
    WatchedStats,
)
from schemas.streams import SessionId, StreamId, StreamState

#: As for the stream itself.
_OWNERS = Rule(Role.CREATOR, Scope.STREAMS_READ)
_NOBODY = Crowd(dict.fromkeys(ViewerKind, 0), 0)


def show(
    db: Database, viewers: Viewers, stream_id: StreamId, viewer: Viewer
) -> StreamStats | WatchedStats:
    """Tell how a stream does: all of it to whose it is, to viewers what they may know.

    Raises:
        NotFound, Forbidden: they may not watch it; see ``stream_viewing.admit``.
    """
    with db.read() as tx:
        is_owner = is_theirs(tx, stream_id, viewer.who)
        if not is_owner:
            stream_viewing.admit(tx, stream_id, viewer)
    found = read(db, viewers, [stream_id]).get(stream_id)
    if found is None:
        raise NotFound(f"there is no stream {stream_id}", code="stream.not_found")
    return found if is_owner else reduced(found)


def is_theirs(tx: Transaction, stream_id: StreamId, who: Identity | None) -> bool:
    """Tell whether somebody may see all of a stream.

    Raises:
        NotFound: there is no such stream.
    """
    row = streams.need(tx, stream_id, owner=None)
    if who is None or not allows(_OWNERS, who):
        return False
    return sees_all(who) or who.account == row.account


def read(
    db: Database, viewers: Viewers, stream_ids: Collection[StreamId]
) -> Mapping[StreamId, StreamStats]:
    """Tell how streams do by one look at each source; those that are not there are left out."""
    with db.read() as tx:
        rows = tx.stream_stats.latest(stream_ids)
    crowds = viewers.count([row.id for row in rows if row.state is StreamState.LIVE])
    # Nobody watches what is not on.
    return {
        row.id: _stats(row, None if crowds is None else crowds.get(row.id, _NOBODY)) for row in rows
    }


def reduced(whole: StreamStats) -> WatchedStats:
    """Cut down to what viewers may know."""
    return WatchedStats(**{name: getattr(whole, name) for name in WatchedStats.model_fields})


def _stats(row: StatRow, crowd: Crowd | None) -> StreamStats:
    on, is_live = row.broadcast, row.state is StreamState.LIVE
    n = None if crowd is None else crowd.n
    return StreamStats(
        id=row.id,
        status=row.state,
        is_reconnecting=is_live and on is not None and on.is_away,
        started_at=row.started_at,
        viewer_count=n,
        session_id=None if on is None else on.id,
        viewers=None if crowd is None else ViewersByKind(**_by_kind(crowd)),
        peak_viewers=max(n or 0, 0 if on is None else on.peak_viewers),
        duration_s=None if on is None else round(on.duration_s, 1),
        received_bytes=0 if on is None else on.received_bytes,
        **(_measured(on) if is_live and on is not None else {}),
    )


def _by_kind(crowd: Crowd) -> dict[str, int]:
    return {kind.value: n for kind, n in crowd.by_kind.items()}


def _measured(on: BroadcastStat) -> dict[str, object]:
    """Tell what is measured; while nothing comes the rates are nothing, whatever was told last."""
    door = door_facts(on.facts)
    if on.is_away:
        door = door.model_copy(update={"bitrate_bps": 0.0, "frame_rate": 0.0})
    ladder = ladder_facts(on.live_facts)
    return {
        **{name: getattr(door, name) for name in DoorFacts.model_fields},
        **{name: getattr(ladder, name) for name in LadderFacts.model_fields},
    }


def series(
    db: Database,
    stream_id: StreamId,
    *,
    owner: str | None,
    session_id: SessionId | None,
    from_s: float | None,
    cursor: str | None,
    limit: int,
) -> StreamSeries:
    """List a stream's minutes, oldest first.

    Raises:
        NotFound: there is no such stream of the owner's.
        InvalidRequest: ``request.cursor``.
    """
    with db.read() as tx:
        streams.need(tx, stream_id, owner=owner)
        rows = tx.stream_stats.minutes(
            stream_id, cursors.decode(cursor), limit + 1, session_id=session_id, from_s=from_s
        )
    items = tuple(_minute(row) for _, row in rows[:limit])
    return StreamSeries(items=items, next=cursors.following(rows, limit))


def _minute(row: MinuteRow) -> StreamMinute:
    kept = vars(row.minute)
    told = {name: kept[name] for name in StreamMinute.model_fields if name in kept}
    at = datetime.fromtimestamp(row.minute_at_s, UTC)
    return StreamMinute(session_id=row.id, minute_at=at, **told)
