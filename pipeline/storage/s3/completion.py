"""Making the parts of a multipart upload one object, and believing neither yes nor no."""

from contextlib import suppress

from minio.datatypes import Part

from pipeline.core.errors import NotFound, StorageUnavailable
from pipeline.storage.retrying import patiently
from pipeline.storage.s3.client import S3Client


def complete(
    client: S3Client, key: str, upload_id: str, parts: list[Part], *, writer: str, size_bytes: int
) -> None:
    """Complete an upload, or find that it was completed already."""
    patiently()(_complete, client, key, upload_id, parts, writer, size_bytes)


def _complete(
    client: S3Client, key: str, upload_id: str, parts: list[Part], writer: str, size_bytes: int
) -> None:
    failure: StorageUnavailable | None = None
    try:
        client.complete_upload(key, upload_id, parts)
    except StorageUnavailable as error:
        # Perhaps it was done and only the answer was lost; asked again, the server
        # would then not know the upload any more.
        failure = error
    if not is_written(client, key, writer=writer, size_bytes=size_bytes):
        raise failure or StorageUnavailable(f"{key}: completed, but not there")


def is_written(client: S3Client, key: str, *, writer: str, size_bytes: int) -> bool:
    """Tell whether the object is there, whole, and this writer's."""
    with suppress(NotFound):
        return client.is_written_by(key, writer, size_bytes)
    return False
