"""Single S3 requests as this store needs them, each in our errors, none retried.

The SDK's own ``put_object`` leaks its upload threads when the source fails, and its
multipart requests are private; so they are called here, from a subclass, and nowhere else.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import cast
from urllib.parse import quote

import urllib3
from minio import Minio
from minio.datatypes import Object, Part, Upload
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from urllib3.response import BaseHTTPResponse

from pipeline.core.errors import NotFound, StorageUnavailable
from pipeline.storage.port import StoredObject
from pipeline.storage.s3.faults import translated

_CONNECT_S = 5.0
_READ_S = 60.0
#: Kept connections; more threads than this get short-lived ones.
_CONNECTIONS = 64
_PAGE = 1000
#: Somebody was faster, or our keys open only the objects in it.
_BUCKET_STANDS = {"AccessDenied", "BucketAlreadyExists", "BucketAlreadyOwnedByYou"}
_WRITER = "x-amz-meta-reelmill-write"
BINARY = "application/octet-stream"


class S3Client(Minio):
    """A client bound to one bucket."""

    def __init__(
        self,
        *,
        endpoint: str,
        access_key: str,
        secret_key: str,
        bucket: str,
        region: str,
        secure: bool,
    ) -> None:
        # With a region given the SDK asks nobody; without, its first request may take minutes.
        super().__init__(
            endpoint,
            access_key=access_key,
            secret_key=secret_key,
            region=region,
            secure=secure,
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=_CONNECT_S, read=_READ_S),
                maxsize=_CONNECTIONS,
                retries=False,
            ),
        )
        self._bucket = bucket

    def make_bucket_once(self) -> None:
        """Make the bucket; fine if it is there already or if we may not look."""
        with translated(f"bucket {self._bucket}"):
            try:
                if not self.bucket_exists(self._bucket):
                    self.make_bucket(self._bucket)
            except S3Error as error:
                if error.code not in _BUCKET_STANDS:
                    raise

    def put(
        self, key: str, data: bytes | memoryview, content_type: str, writer: str | None = None
    ) -> None:
        """Store a small body in one request, with its writer's mark if there is one."""
        headers: dict[str, str | list[str] | tuple[str]] = {"Content-Type": content_type}
        if writer is not None:
            headers[_WRITER] = writer
        with translated(key):
            answer = self._put_object(self._bucket, key, cast("bytes", data), headers)
        # Mostly the digest of what arrived; where not (encrypted buckets), ask for the size.
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if answer.etag != digest and not self._has_size(key, len(data)):
            raise StorageUnavailable(f"{key}: acknowledged, but not stored as sent")

    def _has_size(self, key: str, size_bytes: int) -> bool:
        try:
            return self.head(key).size_bytes == size_bytes
        except NotFound:
            return False

    def head(self, key: str) -> StoredObject:
        """Tell size and etag."""
        with translated(key):
            return described(self.stat_object(self._bucket, key))

    def is_written_by(self, key: str, writer: str, size_bytes: int) -> bool:
        """Tell whether the visible object is whole and came from this very upload."""
        with translated(key):
            facts = self.stat_object(self._bucket, key)
        headers: Mapping[str, str] = facts.metadata or {}
        return facts.size == size_bytes and headers.get(_WRITER) == writer

    def get(self, key: str, start: int, end: int | None, etag: str | None) -> BaseHTTPResponse:
        """Ask for bytes [start, end), body unread; with an etag, only of that very object."""
        last = "" if end is None else str(end - 1)
        headers: dict[str, str | list[str] | tuple[str]] = {"Range": f"bytes={start}-{last}"}
        if etag is not None:
            headers["If-Match"] = f'"{etag}"'
        with translated(key):
            return self._execute("GET", self._bucket, key, headers=headers, preload_content=False)

    def page(self, prefix: str, after: str | None) -> list[StoredObject]:
        """List the next objects below the prefix; an empty list is the end."""
        with translated(prefix):
            found = self.list_objects(
                self._bucket, prefix=prefix, recursive=True, start_after=after
            )
            return [described(item) for item in islice(found, _PAGE) if not item.is_dir]

    def delete(self, keys: Sequence[str]) -> None:
        """Delete at most a thousand objects."""
        with translated("delete"):
            errors = list(self.remove_objects(self._bucket, [DeleteObject(k) for k in keys]))
        if errors:
            raise StorageUnavailable(f"{errors[0].name} not deleted: {errors[0].code}")

    def begin_upload(self, key: str, writer: str, content_type: str) -> str:
        """Open a multipart upload that carries its writer's mark; return its id."""
        with translated(key):
            return self._create_multipart_upload(
                self._bucket, key, {"Content-Type": content_type, _WRITER: writer}
            )

    def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> Part:
        """Store one part, numbered from 1; sending it again replaces it."""
        with translated(key):
            # The SDK only measures, digests and sends it, which a view is good for too.
            body = cast("bytes", data)
            etag = self._upload_part(self._bucket, key, body, None, upload_id, number)
        if not etag:
            raise StorageUnavailable(f"{key}: part {number} was not acknowledged")
        return Part(number, etag)

    def copy_part(
        self, key: str, upload_id: str, number: int, source: StoredObject, span: range
    ) -> Part:
        """Let the server make a part of a stretch of an object, as long as it is that object."""
        headers: dict[str, str | list[str] | tuple[str]] = {
            "x-amz-copy-source": quote(f"/{self._bucket}/{source.key}"),
            "x-amz-copy-source-range": f"bytes={span.start}-{span.stop - 1}",
            "x-amz-copy-source-if-match": f'"{source.etag}"',
        }
        with translated(key):
            try:
                etag, _ = self._upload_part_copy(self._bucket, key, upload_id, number, headers)
            except ValueError as error:  # an error inside a 200
                raise StorageUnavailable(f"{key}: part {number} was not copied") from error
        return Part(number, etag)

    def complete_upload(self, key: str, upload_id: str, parts: list[Part]) -> None:
        """Make the parts one object. S3 may answer 200 and put the error into the body."""
        with translated(key):
            done = self._complete_multipart_upload(self._bucket, key, upload_id, parts)
        if not done.etag:
            raise StorageUnavailable(f"{key}: the upload was not completed")

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Drop an upload and its parts; fine if it is gone."""
        with translated(key):
            try:
                self._abort_multipart_upload(self._bucket, key, upload_id)
            except S3Error as error:
                if error.code != "NoSuchUpload":
                    raise

    def unfinished(self, prefix: str) -> list[Upload]:
        """List the first thousand uploads below the prefix that were never completed."""
        with translated(prefix):
            return self._list_multipart_uploads(self._bucket, prefix=prefix).uploads


def described(item: Object) -> StoredObject:
    """Turn the SDK's facts of an object into ours."""
    return StoredObject(
        key=item.object_name or "",
        size_bytes=item.size or 0,
        etag=(item.etag or "").strip('"'),
        modified_at=item.last_modified or datetime.fromtimestamp(0, UTC),
    )
