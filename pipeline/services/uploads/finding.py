"""Uploads, looked up for somebody."""

from pipeline.core.errors import NotFound
from pipeline.core.upload_errors import Gone
from pipeline.database.port import Transaction
from pipeline.database.uploads import UploadRow
from schemas.uploads import UploadId, UploadState

_GONE = (UploadState.TERMINATED, UploadState.EXPIRED)


def need(tx: Transaction, upload_id: UploadId, *, owner: str | None) -> UploadRow:
    """Get an upload that must be there; another account's is not there for an owner.

    Raises:
        NotFound: it is not.
        Gone: it was, and has been deleted or has expired.
    """
    row = tx.uploads.get(upload_id) if upload_id.isalnum() else None
    if row is None or owner not in {None, row.account}:
        raise NotFound(f"there is no upload {upload_id}", code="upload.not_found")
    if row.state in _GONE:
        raise Gone(f"upload {upload_id} is {row.state}")
    return row
