"""Broadcasts, as their streamers see them: prepared, stopped, announced."""

from collections.abc import Sequence

from pipeline.core.errors import Conflict
from pipeline.database.port import Database, Transaction
from pipeline.database.streams import StreamRow
from pipeline.services import stream_keys, stream_views, streams
from pipeline.services.sessions.ending import stop_in
from pipeline.services.sessions.opening import EARLY_S
from pipeline.services.stream_views import Addresses
from schemas.events import EventType
from schemas.profile import Profile
from schemas.streams import (
    BroadcastState,
    SessionEnd,
    StartRequest,
    StartView,
    StopRequest,
    StreamRequest,
    StreamState,
    StreamView,
)

#: Streams that come with the present state.
_MAX_STREAMS = 50
#: Nobody came for so long after the time that was announced: it is over.
LATE_S = 3600.0
_BATCH = 100


def start(
    db: Database,
    request: StartRequest,
    profile: Profile,
    *,
    account: str,
    owner: str | None,
    at: Addresses,
) -> StartView:
    """Get a stream ready to publish to; a new one comes with its key, shown this once.

    Nobody has to: a key that counts goes live by itself.

    Raises:
        NotFound: there is no such stream of the owner's.
        Conflict: ``stream.too_many`` or ``profile.not_encodable``.
    """
    with db.write() as tx:
        if request.stream_id is None:
            new = streams.add(tx, StreamRequest(title=request.title), profile, account=account)
            key = stream_keys.add(tx, new.id, "")
            return StartView(stream=stream_views.stream(tx, new, at), key=key)
        streams.need(tx, request.stream_id, owner=owner)
        held = tx.streams.hold(request.stream_id)
        if held is not None and held.state is StreamState.ENDED:
            tx.streams.prepare(held.id)
        now = streams.need(tx, request.stream_id, owner=owner)
        return StartView(stream=stream_views.stream(tx, now, at))


def stop(
    db: Database, request: StopRequest, *, account: str, owner: str | None, at: Addresses
) -> StreamView:
    """End what is on; where nothing is, the stream is over all the same.

    Raises:
        NotFound: there is no such stream of the owner's.
        Conflict: ``stream.not_named``, not exactly one of the account is live.
    """
    with db.write() as tx:
        stream = _named(tx, request, account, owner)
        if not stop_in(tx, stream.id, SessionEnd.STOPPED) and stream.state is not StreamState.ENDED:
            tx.streams.end(stream.id)
        return stream_views.stream(tx, streams.need(tx, stream.id, owner=owner), at)


def _named(tx: Transaction, request: StopRequest, account: str, owner: str | None) -> StreamRow:
    if request.stream_id is not None:
        return streams.need(tx, request.stream_id, owner=owner)
    live = _of(tx, account, [StreamState.LIVE])
    if len(live) != 1:
        raise Conflict(
            f"{len(live)} streams of the account are live",
            code="stream.not_named",
            remedy="Name the stream: send its id as streamId.",
        )
    return live[0]


def state(db: Database, *, account: str, at: Addresses) -> BroadcastState:
    """Tell what an account has prepared and what is on."""
    with db.read() as tx:
        rows = _of(tx, account, [StreamState.PREPARING, StreamState.LIVE])
        return BroadcastState(
            is_live=any(row.state is StreamState.LIVE for row in rows),
            streams=tuple(stream_views.stream(tx, row, at) for row in rows),
        )


def _of(tx: Transaction, account: str, states: Sequence[StreamState]) -> list[StreamRow]:
    return [row for _, row in tx.streams.page(None, _MAX_STREAMS, account, states)]


def follow_schedule(db: Database) -> int:
    """Remind of what begins soon, and end what nobody came for; return how many were reminded of.

    A stream that ended is preparing again from its reminder on.
    """
    with db.write() as tx:
        tx.streams.give_up(LATE_S)
        soon = tx.streams.remind(EARLY_S, _BATCH)
        for row in soon:
            _remind(tx, row)
    return len(soon)


def _remind(tx: Transaction, row: StreamRow) -> None:
    at = row.scheduled_for
    data = {"stream_id": row.id, "title": row.title, "scheduled_for": at and at.isoformat()}
    tx.emit(EventType.STREAM_REMINDER, account=row.account, data=data)
