"""Uploads, written: one writer at a time, by grants whose number fences off older ones."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipeline.core.errors import InvalidRequest, LeaseLost, TooLarge
from pipeline.database.port import Database
from pipeline.database.uploads import UploadRow
from pipeline.services.uploads.finding import need
from pipeline.services.uploads.opening import Terms, require_room
from pipeline.storage.port import Draft, ObjectStore
from schemas.uploads import UploadId


@dataclass(frozen=True)
class Taken:
    """What came of asking for the grant."""

    row: UploadRow
    is_ours: bool
    #: For how long nothing of the upload has become safe, and nobody was granted it.
    quiet_s: float


def look(db: Database, upload_id: UploadId, *, owner: str | None) -> UploadRow:
    """Tell how an upload stands.

    Raises:
        NotFound, Gone: it is not there (any more).
    """
    with db.read() as tx:
        return need(tx, upload_id, owner=owner)


def take(
    db: Database,
    upload_id: UploadId,
    holder: str,
    *,
    owner: str | None,
    over_epoch: int | None = None,
) -> Taken:
    """Take the grant on an open upload if nobody has it, or whoever has it by ``over_epoch``.

    Raises:
        NotFound, Gone: it is not there (any more).
    """
    with db.write() as tx:
        # The grant first, so that what is read after it is what it was granted on; one on an
        # upload that turns out not to be theirs is taken back with the transaction.
        is_ours = upload_id.isalnum() and tx.uploads.take(upload_id, holder, over_epoch=over_epoch)
        row = need(tx, upload_id, owner=owner)
        return Taken(row, is_ours=is_ours, quiet_s=tx.jobs.now() - row.moved_at.timestamp())


def release(db: Database, upload_id: UploadId, epoch: int) -> None:
    """Give a grant back; one that stands no more is given back already."""
    with db.write() as tx:
        tx.uploads.release(upload_id, epoch)


def declare_length(
    db: Database, storage: ObjectStore, row: UploadRow, length_bytes: int, terms: Terms
) -> UploadRow:
    """Take the length of an upload that came without; said once, it stays.

    Raises:
        InvalidRequest: ``upload.length``, it is another one, or less than is there already.
        TooLarge: it is over the limit.
        StorageFull: ``upload.no_room``.
        LeaseLost: the grant stands no more.
    """
    if row.length_bytes == length_bytes:
        return row
    if row.length_bytes is not None or length_bytes < row.offset_bytes:
        raise InvalidRequest(
            "The length of an upload is said once, and not below what is there.",
            code="upload.length",
            remedy="Ask for the upload's length and offset (HEAD) and keep to them.",
        )
    if length_bytes > terms.limit_bytes:
        raise TooLarge(f"{length_bytes} bytes announced, {terms.limit_bytes} are allowed.")
    free_bytes = storage.free_bytes()
    with db.write() as tx:
        require_room(tx, free_bytes, length_bytes - row.offset_bytes, terms.floor_bytes)
        if not tx.uploads.set_length(row.id, row.epoch, length_bytes):
            raise lost(row)
    return replace(row, length_bytes=length_bytes)


def draft_of(storage: ObjectStore, row: UploadRow, key: str) -> Draft:
    """Find an upload's draft, or begin it."""
    if row.draft is None:
        return storage.begin(key, length_bytes=row.length_bytes, epoch=row.epoch)
    return Draft(**row.draft)


def advance(
    db: Database, row: UploadRow, draft: Draft, *, speed_bytes_s: float, life_s: float
) -> UploadRow:
    """Note what is safe now.

    Raises:
        LeaseLost: the grant stands no more; what was written behind the last note is forgotten.
    """
    kept: Mapping[str, Any] = {
        "key": draft.key,
        "size_bytes": draft.size_bytes,
        "state": dict(draft.state),
    }
    with db.write() as tx:
        is_ours = tx.uploads.advance(
            row.id,
            row.epoch,
            dict(kept),
            offset_bytes=draft.size_bytes,
            speed_bytes_s=speed_bytes_s,
            life_s=life_s,
        )
    if not is_ours:
        raise lost(row)
    return replace(
        row, draft=dict(kept), offset_bytes=draft.size_bytes, speed_bytes_s=speed_bytes_s
    )


def lost(row: UploadRow) -> LeaseLost:
    """Say that somebody else may write now."""
    return LeaseLost(f"upload {row.id}: grant {row.epoch} stands no more")
