"""Streams: set up, shown, changed, deleted."""

from collections.abc import Sequence
from typing import Any

from pipeline.core.errors import Conflict, NotFound
from pipeline.database.port import Database, Transaction
from pipeline.database.streams import NewStream, StreamRow
from pipeline.services import abilities, cursors, once, stream_views
from pipeline.services.ids import new_id
from pipeline.services.once import Claim
from pipeline.services.sessions.ending import stop_in
from pipeline.services.stream_views import Addresses
from schemas.profile import Profile
from schemas.streams import (
    SessionEnd,
    SessionPage,
    StreamChange,
    StreamId,
    StreamPage,
    StreamRequest,
    StreamState,
    StreamView,
)

#: More channels than one account needs.
MAX_PER_ACCOUNT = 500


def create(
    db: Database,
    request: StreamRequest,
    profile: Profile,
    *,
    account: str,
    at: Addresses,
    claim: Claim | None = None,
) -> StreamView:
    """Set up a stream; it keeps what its profile says now.

    Raises:
        Conflict: ``stream.too_many``, or ``profile.not_encodable``.
    """
    with db.write() as tx:
        before = once.made(tx, claim)
        if before is not None:
            return stream_views.stream(tx, need(tx, StreamId(before), owner=account), at)
        row = add(tx, request, profile, account=account)
        once.note(tx, claim, row.id)
        return stream_views.stream(tx, row, at)


def add(tx: Transaction, request: StreamRequest, profile: Profile, *, account: str) -> StreamRow:
    """Set up a stream within a transaction.

    Raises:
        Conflict: ``stream.too_many``, or ``profile.not_encodable``.
    """
    abilities.require(tx, profile)
    if tx.streams.count_of(account) >= MAX_PER_ACCOUNT:
        raise Conflict(
            f"there are {MAX_PER_ACCOUNT} streams already",
            code="stream.too_many",
            remedy="Delete streams that are not needed any more.",
        )
    stream_id = StreamId(new_id())
    tx.streams.add(
        NewStream(
            id=stream_id,
            account=account,
            title=request.title,
            description=request.description,
            playback=request.playback,
            is_recorded=request.is_recorded,
            keep_days=request.keep_days,
            grace_s=request.grace_s,
            profile=profile,
            scheduled_for=request.scheduled_for,
        )
    )
    return need(tx, stream_id, owner=None)


def show(db: Database, stream_id: StreamId, *, at: Addresses, owner: str | None) -> StreamView:
    """Show a stream with its newest broadcasts.

    Raises:
        NotFound: there is none such of the owner's.
    """
    with db.read() as tx:
        return stream_views.stream(tx, need(tx, stream_id, owner=owner), at)


def page(
    db: Database,
    *,
    cursor: str | None,
    limit: int,
    at: Addresses,
    owner: str | None,
    states: Sequence[StreamState] = (),
) -> StreamPage:
    """List streams, newest first, without their broadcasts."""
    with db.read() as tx:
        rows = tx.streams.page(cursors.decode(cursor), limit + 1, owner, states)
        items = tuple(
            stream_views.stream(tx, row, at, is_detailed=False) for _, row in rows[:limit]
        )
    return StreamPage(items=items, next=cursors.following(rows, limit))


def sessions(
    db: Database, stream_id: StreamId, *, owner: str | None, cursor: str | None, limit: int
) -> SessionPage:
    """List a stream's broadcasts, newest first.

    Raises:
        NotFound: there is none such of the owner's.
        InvalidRequest: ``request.cursor``.
    """
    with db.read() as tx:
        need(tx, stream_id, owner=owner)
        rows = tx.sessions.page_of(stream_id, cursors.decode(cursor), limit + 1)
    items = tuple(stream_views.session(row) for _, row in rows[:limit])
    return SessionPage(items=items, next=cursors.following(rows, limit))


def change(
    db: Database,
    stream_id: StreamId,
    wished: StreamChange,
    profile: Profile | None,
    *,
    at: Addresses,
    owner: str | None,
) -> StreamView:
    """Change what is given; a broadcast that is on goes on as it began.

    Raises:
        NotFound: there is none such of the owner's.
        Conflict: ``profile.not_encodable``.
    """
    with db.write() as tx:
        need(tx, stream_id, owner=owner)
        if profile is not None:
            abilities.require(tx, profile)
        tx.streams.hold(stream_id)
        tx.streams.change(stream_id, _values(wished, profile))
        return stream_views.stream(tx, need(tx, stream_id, owner=owner), at)


def _values(wished: StreamChange, profile: Profile | None) -> dict[str, Any]:
    given = {name: getattr(wished, name) for name in wished.model_fields_set}
    return given if profile is None else {**given, "profile": profile}


def delete(db: Database, stream_id: StreamId, *, owner: str | None) -> None:
    """Delete a stream with its keys; what is on ends, and recordings stay as assets.

    Raises:
        NotFound: there is none such of the owner's.
    """
    with db.write() as tx:
        need(tx, stream_id, owner=owner)
        stop_in(tx, stream_id, SessionEnd.STOPPED)
        tx.streams.delete(stream_id)


def need(tx: Transaction, stream_id: StreamId, *, owner: str | None) -> StreamRow:
    """Get a stream that must be there, and be the owner's.

    Raises:
        NotFound: it is not.
    """
    row = tx.streams.get(stream_id) if stream_id.isalnum() else None
    if row is None or owner not in {None, row.account}:
        raise NotFound(f"there is no stream {stream_id}", code="stream.not_found")
    return row
