"""Broadcasts, ended: their publisher is gone, did not come back, or was sent away."""

from pipeline.core.errors import NotFound
from pipeline.database.port import Database, Transaction
from pipeline.database.streams import SessionRow
from pipeline.services.recordings import rescuing
from pipeline.services.sessions.opening import need
from pipeline.services.sessions.telling import tell
from schemas.events import EventType
from schemas.streams import SessionEnd, SessionId, StreamId, StreamKeyId

_BATCH = 100


def drop_session(db: Database, session_id: SessionId, *, epoch: int) -> bool:
    """Note that a publisher is gone: it may come back within the stream's grace.

    Tells whether it was this door's to drop; another may have it by now.

    Raises:
        NotFound: its stream was deleted.
    """
    with db.write() as tx:
        return _drop(tx, need(tx, session_id), epoch)


def _drop(tx: Transaction, session: SessionRow, epoch: int) -> bool:
    stream = tx.streams.hold(session.stream_id)
    if stream is None or not stream.grace_s:
        return close_in(tx, session, SessionEnd.LEFT, epoch=epoch)
    is_dropped = tx.sessions.drop(session.id, epoch, stream.grace_s)
    if is_dropped:
        tell(tx, EventType.STREAM_INTERRUPTED, session)
    return is_dropped


def close_session(
    db: Database,
    session_id: SessionId,
    *,
    epoch: int | None = None,
    end: SessionEnd = SessionEnd.LEFT,
) -> bool:
    """End a broadcast for good; tell whether this call did.

    Args:
        epoch: who asks holds it by this one; None: whoever holds it.

    Raises:
        NotFound: its stream was deleted.
    """
    with db.write() as tx:
        session = need(tx, session_id)
        tx.streams.hold(session.stream_id)
        return close_in(tx, session, end, epoch=epoch)


def close_in(
    tx: Transaction, session: SessionRow, end: SessionEnd, *, epoch: int | None = None
) -> bool:
    """End a broadcast within a transaction that holds its stream; tell whether this call did."""
    if not tx.sessions.close(session.id, epoch, end):
        return False
    tx.streams.end(session.stream_id)
    tx.assets.expire(session.asset_id)
    tell(tx, EventType.STREAM_ENDED, session, end=end.value)
    rescuing.rescue(tx, tx.sessions.get(session.id))
    return True


def stop_in(
    tx: Transaction,
    stream_id: StreamId,
    end: SessionEnd,
    *,
    key_id: StreamKeyId | None = None,
) -> bool:
    """End what is on, where it came in by this key if one is named; tell whether something was."""
    if tx.streams.hold(stream_id) is None:
        raise NotFound(f"there is no stream {stream_id}", code="stream.not_found")
    running = tx.sessions.running(stream_id)
    if running is None or key_id not in {None, running.publisher.key_id}:
        return False
    return close_in(tx, running, end)


def sweep_sessions(db: Database) -> int:
    """See after broadcasts no door sees after; return how many were dropped or closed.

    One whose door was not heard of within its lease is dropped; one whose grace is over is
    closed. A door that was only late takes its own back with its next touch. One whose asset was
    deleted is over: there is nothing to keep it in.
    """
    with db.read() as tx:
        abandoned, overdue = tx.sessions.abandoned(_BATCH), tx.sessions.overdue(_BATCH)
        orphaned = tx.sessions.orphaned(_BATCH)
    n_dropped = sum(_drop_abandoned(db, session) for session in abandoned)
    n_closed = sum(_close_overdue(db, session) for session in overdue)
    return n_dropped + n_closed + sum(_close_orphaned(db, session) for session in orphaned)


def _close_orphaned(db: Database, session: SessionRow) -> bool:
    with db.write() as tx:
        tx.streams.hold(session.stream_id)
        return close_in(tx, session, SessionEnd.STOPPED)


def _drop_abandoned(db: Database, session: SessionRow) -> bool:
    with db.write() as tx:
        stream = tx.streams.hold(session.stream_id)
        now = tx.sessions.get(session.id)
        # Looked at again: its door may have spoken since.
        if stream is None or now is None or now.is_leased:
            return False
        return _drop(tx, now, now.epoch)


def _close_overdue(db: Database, session: SessionRow) -> bool:
    with db.write() as tx:
        tx.streams.hold(session.stream_id)
        # Looked at again: its publisher may be back.
        if session.id not in {late.id for late in tx.sessions.overdue(1, session.id)}:
            return False
        return close_in(tx, session, SessionEnd.LEFT)
