"""Uploads, shown to their owners."""

from pipeline.database.port import Database, Transaction
from pipeline.database.uploads import UploadRow
from pipeline.services import cursors
from pipeline.services.uploads.finding import need
from schemas.uploads import Advance, UploadId, UploadKind, UploadPage, UploadState, UploadStatus
from schemas.vocabulary import JobState

#: A speed is that of now for so long.
_FRESH_S = 5.0
_PERCENT = 100.0
_ADVANCES = {
    JobState.SUCCEEDED: Advance.COMPLETED,
    JobState.FAILED: Advance.FAILED,
    JobState.CANCELLED: Advance.FAILED,
}


def show(db: Database, upload_id: UploadId, *, owner: str | None) -> UploadStatus:
    """Tell how far an upload is, and what came of it.

    Raises:
        NotFound, Gone: it is not there (any more).
    """
    with db.read() as tx:
        return _status(tx, need(tx, upload_id, owner=owner))


def page(db: Database, *, cursor: str | None, limit: int, owner: str | None) -> UploadPage:
    """List unfinished uploads, newest first."""
    with db.read() as tx:
        rows = tx.uploads.page(cursors.decode(cursor), limit + 1, owner)
        items = tuple(_status(tx, row) for _, row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return UploadPage(items=items, next=cursors.encode((last[0], last[1].id)) if last else None)


def _status(tx: Transaction, row: UploadRow) -> UploadStatus:
    is_open = row.state is UploadState.OPEN
    speed_bytes_s = row.speed_bytes_s if is_open and _age_s(tx, row) < _FRESH_S else 0.0
    return UploadStatus(
        upload_id=row.id,
        file_name=row.wish.filename,
        total_size=row.length_bytes,
        uploaded_size=row.offset_bytes,
        percentage=_percentage(row),
        speed=round(speed_bytes_s, 1),
        estimated_time=_estimated_s(row, speed_bytes_s) if is_open else 0.0,
        status=_advance(tx, row),
        asset_id=None if row.job_id is None else row.asset_id,
        job_id=row.job_id,
        expires_at=row.expires_at if is_open else None,
    )


def _age_s(tx: Transaction, row: UploadRow) -> float:
    return tx.jobs.now() - row.moved_at.timestamp()


def _percentage(row: UploadRow) -> float | None:
    if row.length_bytes is None:
        return None
    if row.length_bytes == row.offset_bytes:
        return _PERCENT
    # 100 is kept for what is all there.
    return min(round(_PERCENT * row.offset_bytes / row.length_bytes, 2), 99.99)


def _estimated_s(row: UploadRow, speed_bytes_s: float) -> float | None:
    if row.length_bytes is None or speed_bytes_s <= 0:
        return None
    return round((row.length_bytes - row.offset_bytes) / speed_bytes_s, 1)


def _advance(tx: Transaction, row: UploadRow) -> Advance:
    if row.state is UploadState.OPEN:
        return Advance.UPLOADING
    if row.kind is UploadKind.PARTIAL:
        return Advance.COMPLETED
    job = None if row.job_id is None else tx.jobs.get(row.job_id)
    # Its asset and job were deleted: there is nothing of it to watch.
    return Advance.FAILED if job is None else _ADVANCES.get(job.state, Advance.PROCESSING)
