"""Keys, checked for servers in front of the door, which pass on to it what they let in."""

from pipeline.core.errors import NotFound
from pipeline.database.port import Database
from pipeline.services.sessions.ending import stop_in
from pipeline.services.sessions.opening import admitted, require_account, require_gone
from schemas.streams import SessionEnd


def check_key(db: Database, secret: str, *, is_publishing: bool = True) -> None:
    """Go on if the door would let this key in now; nothing is opened by that.

    Args:
        db: the database.
        secret: the key.
        is_publishing: False: what is published by it is only to be read.

    Raises:
        Unauthenticated: ``stream.key_unknown``.
        Forbidden: ``stream.key_revoked``, ``stream.account_disabled``.
        Conflict: ``stream.busy``, somebody else publishes and is alive.
        NotFound: the stream was deleted meanwhile.
    """
    with db.read() as tx:
        stream_id = admitted(tx, secret).stream_id
        stream = tx.streams.get(stream_id)
        if stream is None:
            raise NotFound(f"there is no stream {stream_id}", code="stream.not_found")
        require_account(tx, stream)
        running = tx.sessions.running(stream_id)
        if is_publishing and running is not None:
            require_gone(running)


def end_by_key(db: Database, secret: str) -> bool:
    """End what came in by this key, without grace; tell whether something was on.

    Raises:
        Unauthenticated: ``stream.key_unknown``.
        Forbidden: ``stream.key_revoked``; what it published has ended then.
    """
    with db.write() as tx:
        let_in = admitted(tx, secret)
        key_id = None if let_in.key is None else let_in.key.id
        return stop_in(tx, let_in.stream_id, SessionEnd.LEFT, key_id=key_id)
