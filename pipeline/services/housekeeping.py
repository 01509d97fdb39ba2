"""What is done now and then by the leader: collect garbage, forget what is old."""

from pipeline.core import keys
from pipeline.database.port import Database
from pipeline.services import once, sourcing
from pipeline.services.watching import number_events
from pipeline.storage.port import ObjectStore

_BATCH = 100
_TRIM_BATCH = 5000
#: A second pass catches what a frozen worker wrote after it woke.
_PASSES = 2
_SECOND_PASS_FACTOR = 10
#: Workers silent for so long are taken off the list.
_FORGET_WORKER_S = 3600.0
#: Logins are known for so long after their end, so that a late use is known for what it is.
_FORGET_LOGIN_S = 86_400.0


def collect_garbage(db: Database, storage: ObjectStore, *, patience_s: float) -> int:
    """Delete what lost attempts and deleted assets left; return how many objects went.

    Args:
        patience_s: how long an attempt that lost its lease may still be writing.

    Raises:
        StorageUnavailable: the rest stays noted for the next time.
    """
    with db.read() as tx:
        due = tx.garbage.due(_BATCH, patience_s=patience_s)
    n_deleted = 0
    for garbage_id, prefix, n_passes in due:
        if _is_needed(db, prefix):
            with db.write() as tx:
                tx.garbage.postpone(garbage_id, delay_s=patience_s * _SECOND_PASS_FACTOR)
            continue
        n_deleted += _collect(db, storage, prefix)
        with db.write() as tx:
            if n_passes + 1 >= _PASSES:
                tx.garbage.forget(garbage_id)
            else:
                tx.garbage.postpone(garbage_id, delay_s=patience_s * _SECOND_PASS_FACTOR)
    return n_deleted


def _is_needed(db: Database, prefix: str) -> bool:
    """Tell whether a job has yet to read it: a part deleted after it was put together."""
    with db.read() as tx:
        return tx.uploads.is_needed(keys.asset_of(prefix))


def _collect(db: Database, storage: ObjectStore, prefix: str) -> int:
    """Delete what nobody may see: an attempt that was lost may have published before."""
    with db.read() as tx:
        visible = tx.media.keys_below(keys.asset_of(prefix), prefix)
    if not visible:
        return storage.delete_prefix(prefix)
    lost = [found.key for found in storage.list(prefix) if found.key not in visible]
    return sum(storage.delete_prefix(key) for key in lost)


def trim(db: Database, *, event_retention_s: float) -> int:
    """Forget old events and workers that never came back; return how many events went."""
    number_events(db)
    once.trim(db)
    with db.write() as tx:
        tx.fleet.forget_silent(_FORGET_WORKER_S)
        tx.logins.trim(kept_s=_FORGET_LOGIN_S)
    sourcing.forget_idle(db)
    n_trimmed = n_last = _trim_batch(db, event_retention_s)
    while n_last == _TRIM_BATCH:
        n_last = _trim_batch(db, event_retention_s)
        n_trimmed += n_last
    return n_trimmed


def _trim_batch(db: Database, event_retention_s: float) -> int:
    # Batches of their own transaction: SQLite's one writer is not kept waiting.
    with db.write() as tx:
        return tx.events.trim(event_retention_s, _TRIM_BATCH)
