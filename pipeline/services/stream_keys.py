"""Keys to publish with: made, listed, given new secrets, revoked.

What is published by a secret that ends, ends with it: in the same transaction, so that it ends
whatever becomes of its door, which hears of it within a second.
"""

from pipeline.core.errors import Conflict, NotFound
from pipeline.credentials import opaque
from pipeline.database.port import Database, Transaction
from pipeline.database.streams import NewStreamKey, StreamKeyRow
from pipeline.services import stream_views, streams
from pipeline.services.ids import new_id
from pipeline.services.sessions.ending import stop_in
from schemas.profile import Profile
from schemas.streams import (
    SessionEnd,
    StreamId,
    StreamKeyChange,
    StreamKeyChanged,
    StreamKeyId,
    StreamKeyList,
    StreamKeyMade,
    StreamKeyRequest,
    StreamKeyView,
    StreamRequest,
)

#: Living keys of one stream.
MAX_PER_STREAM = 20
#: What a stream is called that is set up for a key without a label.
_TITLE = "Live"


def create(
    db: Database,
    request: StreamKeyRequest,
    profile: Profile,
    *,
    account: str,
    owner: str | None,
) -> StreamKeyMade:
    """Make a key for a stream, or for a new one of this profile; it is shown this once.

    Raises:
        NotFound: there is no such stream of the owner's.
        Conflict: ``stream.too_many``, ``stream.too_many_keys`` or ``profile.not_encodable``.
    """
    with db.write() as tx:
        stream_id = request.stream_id
        if stream_id is None:
            wished = StreamRequest(title=request.label or _TITLE)
            stream_id = streams.add(tx, wished, profile, account=account).id
        return add(tx, streams.need(tx, stream_id, owner=owner).id, request.label)


def add(tx: Transaction, stream_id: StreamId, label: str) -> StreamKeyMade:
    """Make a key within a transaction.

    Raises:
        Conflict: ``stream.too_many_keys``.
    """
    # Held, so that two at once are counted.
    tx.streams.hold(stream_id)
    if tx.stream_keys.count_live_of(stream_id) >= MAX_PER_STREAM:
        raise Conflict(
            f"stream {stream_id} has {MAX_PER_STREAM} keys already",
            code="stream.too_many_keys",
            remedy="Revoke keys that are not needed any more.",
        )
    key, key_id = opaque.new_stream_key(), StreamKeyId(new_id())
    tx.stream_keys.add(NewStreamKey(key_id, stream_id, label, key.prefix, opaque.digest(key.text)))
    return stream_views.made_key(need(tx, key_id, owner=None), key)


def listing(db: Database, *, owner: str | None, stream_id: StreamId | None = None) -> StreamKeyList:
    """List keys, newest first, revoked ones too."""
    with db.read() as tx:
        rows = tx.stream_keys.of(owner, stream_id)
    return StreamKeyList(items=tuple(stream_views.key(row) for row in rows))


def show(db: Database, key_id: StreamKeyId, *, owner: str | None) -> StreamKeyView:
    """Show a key.

    Raises:
        NotFound: there is none such of the owner's.
    """
    with db.read() as tx:
        return stream_views.key(need(tx, key_id, owner=owner))


def change(
    db: Database, key_id: StreamKeyId, wished: StreamKeyChange, *, owner: str | None
) -> StreamKeyChanged:
    """Name a key anew, and give it a new secret where that is asked for: shown this once.

    Raises:
        NotFound: there is none such of the owner's.
        Conflict: ``stream.key_ended``, a revoked one gets no new secret.
    """
    with db.write() as tx:
        before = need(tx, key_id, owner=owner)
        if wished.rotate and before.revoked_at is not None:
            raise Conflict(
                "a revoked key stays revoked", code="stream.key_ended", remedy="Make a new one."
            )
        if wished.label is not None:
            tx.stream_keys.name(key_id, wished.label)
        if not wished.rotate:
            return stream_views.changed_key(need(tx, key_id, owner=owner))
        key = opaque.new_stream_key()
        stop_in(tx, before.stream_id, SessionEnd.REVOKED, key_id=key_id)
        tx.stream_keys.rotate(key_id, prefix=key.prefix, digest=opaque.digest(key.text))
        return stream_views.changed_key(need(tx, key_id, owner=owner), key)


def revoke(db: Database, key_id: StreamKeyId, *, owner: str | None) -> None:
    """Let a key count no more; that is for ever, and doing it again changes nothing.

    Raises:
        NotFound: there is none such of the owner's.
    """
    with db.write() as tx:
        row = need(tx, key_id, owner=owner)
        stop_in(tx, row.stream_id, SessionEnd.REVOKED, key_id=key_id)
        tx.stream_keys.revoke(key_id)


def need(tx: Transaction, key_id: StreamKeyId, *, owner: str | None) -> StreamKeyRow:
    """Get a key that must be there, and be of a stream of the owner's.

    Raises:
        NotFound: it is not.
    """
    row = tx.stream_keys.get(key_id) if key_id.isalnum() else None
    if row is None or owner not in {None, row.account}:
        raise NotFound(f"there is no stream key {key_id}", code="stream.key_not_found")
    return row
