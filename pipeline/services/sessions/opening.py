"""Broadcasts, opened: who publishes is let in, and the broadcast begins or goes on."""

from dataclasses import dataclass

from pipeline.core import keys, lifecycle
from pipeline.core.errors import Conflict, Forbidden, NotFound, Unauthenticated
from pipeline.credentials import opaque
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import NewAsset
from pipeline.database.streams import (
    NewSession,
    Publisher,
    SessionRow,
    StreamKeyRow,
    StreamRow,
)
from pipeline.services.ids import new_id
from pipeline.services.sessions.telling import tell
from pipeline.services.sessions.work import begin_live_work
from schemas.events import EventType
from schemas.streams import SessionId, SessionState, StreamId
from schemas.vocabulary import AssetId, AssetState

#: A publisher is there while bytes of it came within so long.
ALIVE_S = 3.0
#: A broadcast that begins this early meets the time it was scheduled for.
EARLY_S = 600.0
_DAY_S = 86_400.0
#: Compared with where no key begins so, so that it takes as long.
_NOBODYS = "0" * 64


@dataclass(frozen=True)
class Admitted:
    """Who may publish to which stream."""

    stream_id: StreamId
    key: StreamKeyRow | None = None


def open_session(
    db: Database,
    *,
    door_url: str,
    holder: str,
    lease_s: float,
    key_secret: str | None = None,
    stream_id: StreamId | None = None,
) -> SessionRow:
    """Begin a broadcast, or go on with one whose publisher is gone: same broadcast, next epoch.

    The same holder asking again finds what it was given. Without a key whoever calls has let
    the publisher in by other means.

    Raises:
        Unauthenticated: ``stream.key_unknown``.
        Forbidden: ``stream.key_revoked``, ``stream.account_disabled``.
        Conflict: ``stream.busy``, somebody else publishes and is alive.
        NotFound: there is no such stream.
    """
    with db.write() as tx:
        let_in = admitted(tx, key_secret, stream_id)
        stream = tx.streams.hold(let_in.stream_id)
        if stream is None:
            raise _unknown_stream(let_in.stream_id)
        require_account(tx, stream)
        publisher = _publisher(let_in, door_url, holder)
        session = _opened(tx, stream, publisher, lease_s)
        if let_in.key is not None:
            tx.stream_keys.use(let_in.key.id)
        return session


def admitted(tx: Transaction, secret: str | None, stream_id: StreamId | None = None) -> Admitted:
    """Tell what a key, or whoever let somebody in without one, opens.

    Raises:
        Unauthenticated: ``stream.key_unknown``.
        Forbidden: ``stream.key_revoked``.
        NotFound: there is no such stream.
    """
    if secret is None:
        if stream_id is None or not stream_id.isalnum():
            raise _unknown_stream(stream_id or StreamId(""))
        return Admitted(stream_id)
    prefix = opaque.stream_key_prefix(secret)
    row = None if prefix is None else tx.stream_keys.begins(prefix)
    is_it = opaque.is_same(_NOBODYS if row is None else row.digest, opaque.digest(secret))
    if row is None or not is_it:
        raise Unauthenticated(
            "there is no such stream key",
            code="stream.key_unknown",
            remedy="Copy the whole key again, or make a new one.",
        )
    if row.revoked_at is not None:
        raise Forbidden(
            "the stream key was revoked", code="stream.key_revoked", remedy="Make a new one."
        )
    return Admitted(row.stream_id, row)


def _unknown_stream(stream_id: StreamId) -> NotFound:
    return NotFound(f"there is no stream {stream_id}", code="stream.not_found")


def require_account(tx: Transaction, stream: StreamRow) -> None:
    """Go on unless the stream's account is disabled. Raises Forbidden."""
    account = tx.accounts.get(stream.account)
    # Of another issuer's people no row is kept.
    if account is not None and account.is_disabled:
        raise Forbidden(
            f"the account of stream {stream.id} is disabled",
            code="stream.account_disabled",
            remedy="Ask the operator to enable the account.",
        )


def _publisher(let_in: Admitted, door_url: str, holder: str) -> Publisher:
    if let_in.key is None:
        return Publisher(door_url, holder)
    return Publisher(door_url, holder, let_in.key.id, let_in.key.version)


def _opened(tx: Transaction, stream: StreamRow, publisher: Publisher, lease_s: float) -> SessionRow:
    running = tx.sessions.running(stream.id)
    if running is None:
        return _begun(tx, stream, publisher, lease_s)
    is_open = running.state is SessionState.OPEN
    if is_open and running.publisher.holder == publisher.holder:
        return running
    require_gone(running)
    tx.sessions.take_over(running.id, publisher, lease_s)
    session = need(tx, running.id)
    tell(tx, EventType.STREAM_RESUMED, session)
    return session


def require_gone(running: SessionRow) -> None:
    """Go on unless a broadcast's publisher is there and alive. Raises Conflict."""
    is_open = running.state is SessionState.OPEN
    if is_open and running.is_leased and running.silent_s < ALIVE_S:
        raise Conflict(
            f"somebody else publishes to stream {running.stream_id}",
            code="stream.busy",
            remedy="End the other broadcast first, or wait until it is gone.",
        )


def _begun(tx: Transaction, stream: StreamRow, publisher: Publisher, lease_s: float) -> SessionRow:
    asset, session_id = _asset(stream), SessionId(new_id())
    tx.assets.add(asset)
    tx.emit(EventType.ASSET_CREATED, asset_id=asset.id)
    tx.assets.move(asset.id, lifecycle.ASSET[AssetState.PROCESSING], AssetState.PROCESSING)
    job_id = begin_live_work(tx, stream, session_id, asset)
    tx.sessions.add(NewSession(session_id, stream.id, asset.id, job_id, publisher), lease_s)
    tx.streams.begin(stream.id, lead_s=EARLY_S)
    session = need(tx, session_id)
    tell(tx, EventType.STREAM_LIVE, session)
    return session


def _asset(stream: StreamRow) -> NewAsset:
    """Make what the broadcast is recorded as; it has no source, its segments are all of it."""
    asset_id = AssetId(new_id())
    return NewAsset(
        id=asset_id,
        account=stream.account,
        filename=stream.title,
        source_key=keys.source_key(asset_id),
        size_bytes=0,
        sha256="",
        playback=stream.playback,
        kept_s=_kept_s(stream),
    )


def _kept_s(stream: StreamRow) -> float | None:
    """Tell how long the recording stays, as was said when it began."""
    if not stream.is_recorded:
        return 0.0
    return None if stream.keep_days is None else stream.keep_days * _DAY_S


def session_of(db: Database, session_id: SessionId) -> SessionRow:
    """Get a broadcast as it is now.

    Raises:
        NotFound: it is not there: its stream was deleted.
    """
    with db.read() as tx:
        return need(tx, session_id)


def need(tx: Transaction, session_id: SessionId) -> SessionRow:
    """Get a broadcast that must be there.

    Raises:
        NotFound: it is not.
    """
    row = tx.sessions.get(session_id) if session_id.isalnum() else None
    if row is None:
        raise NotFound(f"there is no broadcast {session_id}", code="stream.session_not_found")
    return row
