"""Uploads, completed: asset and job in the transaction that ends the upload, once."""

from dataclasses import dataclass, replace

from pipeline.core import keys
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import NewAsset
from pipeline.database.uploads import UploadRow
from pipeline.services import jobs, watermarks
from pipeline.services.uploads import finding
from pipeline.services.uploads.writing import draft_of, lost
from pipeline.storage.port import ObjectStore
from schemas.events import EventType
from schemas.fetching import StoredOrigin
from schemas.uploads import UploadKind, UploadState
from schemas.vocabulary import JobId


@dataclass(frozen=True)
class Patience:
    """How often tasks of a new job are tried."""

    max_attempts: int
    max_lost: int


def is_due(row: UploadRow) -> bool:
    """Tell whether an upload has all its bytes and has not been completed."""
    return row.state is UploadState.OPEN and row.length_bytes == row.offset_bytes


def complete(
    db: Database, storage: ObjectStore, row: UploadRow, *, sha256: str, patience: Patience
) -> JobId | None:
    """Make what came an asset with a job, or a part of one.

    ``sha256`` is empty where nobody counted along: then the job begins with that. Repeating it
    is fine: whoever's grant stands at the end has done it, and nobody else.

    Raises:
        LeaseLost: the grant stands no more; somebody else completes it, or has.
        StorageUnavailable, StorageFull, DatabaseUnavailable: it is as it was.
    """
    storage.finish(draft_of(storage, row, keys.source_key(row.asset_id)))
    is_part = row.kind is UploadKind.PARTIAL
    if not is_part:
        watermarks.put(storage, row.asset_id, row.wish.profile)
    return _end(db, row, None if is_part else _Asset(_new_asset(row, sha256)), patience)


def put_together(
    db: Database, storage: ObjectStore, row: UploadRow, *, patience: Patience
) -> JobId | None:
    """Make one asset of the parts of a final upload; its job begins by joining their bytes.

    Raises:
        NotFound, Gone: a part has gone meanwhile.
        LeaseLost, StorageUnavailable, StorageFull, DatabaseUnavailable: it is as it was.
    """
    watermarks.put(storage, row.asset_id, row.wish.profile)
    with db.read() as tx:
        parts = [finding.need(tx, part, owner=row.account) for part in row.parts]
    origin = StoredOrigin(keys=tuple(keys.source_key(part.asset_id) for part in parts))
    whole = replace(row, offset_bytes=sum(part.offset_bytes for part in parts))
    return _end(db, whole, _Asset(_new_asset(whole, ""), origin), patience)


def _new_asset(row: UploadRow, sha256: str) -> NewAsset:
    return NewAsset(
        id=row.asset_id,
        account=row.account,
        filename=row.wish.filename,
        source_key=keys.source_key(row.asset_id),
        size_bytes=row.offset_bytes,
        sha256=sha256,
        playback=row.wish.playback,
        metadata=row.wish.metadata,
    )


def _end(db: Database, row: UploadRow, made: "_Asset | None", patience: Patience) -> JobId | None:
    with db.write() as tx:
        # First, so that one of two who complete it waits here for the other.
        if not tx.uploads.complete(row.id, row.epoch, row.offset_bytes):
            raise lost(row)
        if made is None:
            return None
        job_id = _begin(tx, row, made, patience)
        tx.uploads.set_job(row.id, job_id)
        return job_id


def _begin(tx: Transaction, row: UploadRow, made: "_Asset", patience: Patience) -> JobId:
    tx.assets.add(made.asset)
    tx.emit(EventType.ASSET_CREATED, asset_id=made.asset.id)
    terms = jobs.Terms(
        max_attempts=patience.max_attempts,
        max_lost=patience.max_lost,
        priority=row.wish.priority,
        metadata=row.wish.metadata,
    )
    return jobs.begin_in(
        tx, made.asset, row.wish.profile, terms, origin=made.origin, must_be_able=False
    )


@dataclass(frozen=True)
class _Asset:
    asset: NewAsset
    #: Where its bytes are, if not where they shall be.
    origin: StoredOrigin | None = None
