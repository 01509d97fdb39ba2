"""Uploads, ended before their time, and what upkeep does about those nobody came back to."""

import structlog

from pipeline.core import keys
from pipeline.core.errors import ReelmillError
from pipeline.database.port import Database, Transaction
from pipeline.database.uploads import UploadRow
from pipeline.services.uploads import completing, writing
from pipeline.services.uploads.completing import Patience
from pipeline.services.uploads.writing import lost
from pipeline.storage.port import ObjectStore
from schemas.uploads import UploadId, UploadKind, UploadState

log = structlog.get_logger(__name__)

_BATCH = 100
#: What nobody may want any more goes with the next collection.
_AT_ONCE_S = -864_000.0
#: A request that brought the last byte completes the upload itself, unless it dies there.
_QUIET_S = 30.0
_SWEEPER = "sweeper"


def terminate(db: Database, row: UploadRow) -> None:
    """Drop an upload on its owner's wish; an asset it became stays.

    Raises:
        LeaseLost: the grant stands no more.
    """
    with db.write() as tx:
        if not tx.uploads.terminate(row.id, row.epoch):
            raise lost(row)
        if row.state is UploadState.OPEN or row.kind is UploadKind.PARTIAL:
            _drop(tx, row)


def _drop(tx: Transaction, row: UploadRow) -> None:
    tx.garbage.add(keys.asset_prefix(row.asset_id), delay_s=_AT_ONCE_S)


def expire(db: Database) -> int:
    """End what has waited for its next byte too long; return how many those were."""
    with db.read() as tx:
        due = tx.uploads.expired(_BATCH)
    return sum(_expire_one(db, upload_id) for upload_id in due)


def _expire_one(db: Database, upload_id: UploadId) -> bool:
    with db.write() as tx:
        row = tx.uploads.get(upload_id)
        # Asked again: it may have moved since.
        if row is None or not tx.uploads.expire(upload_id):
            return False
        _drop(tx, row)
    log.info("upload.expired", upload_id=upload_id, offset_bytes=row.offset_bytes)
    return True


def settle(db: Database, storage: ObjectStore, *, patience: Patience) -> int:
    """Complete uploads that have all their bytes and whose last request died; count them.

    Raises:
        DatabaseUnavailable: the rest is left for the next time.
    """
    with db.read() as tx:
        waiting = tx.uploads.finished(_BATCH, quiet_s=_QUIET_S)
    return sum(_settle_one(db, storage, row, patience) for row in waiting)


def _settle_one(db: Database, storage: ObjectStore, row: UploadRow, patience: Patience) -> bool:
    taken = writing.take(db, row.id, _SWEEPER, owner=None, over_epoch=row.epoch)
    if not taken.is_ours or not completing.is_due(taken.row):
        return False
    try:
        completing.complete(db, storage, taken.row, sha256="", patience=patience)
    except ReelmillError as error:
        # One that cannot be completed must not keep the others from it.
        log.warning("upload.unsettled", upload_id=row.id, code=error.instance_code)
        writing.release(db, row.id, taken.row.epoch)
        return False
    return True


def trim(db: Database, *, older_than_s: float) -> int:
    """Forget uploads that ended long ago; return how many those were."""
    with db.write() as tx:
        return tx.uploads.trim(older_than_s, _BATCH * 10)
