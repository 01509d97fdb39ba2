"""The object store on S3: which requests make up each operation, and which may be repeated."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock

from pipeline.core.errors import InvalidRequest
from pipeline.storage.intake import Intake, checked_key, checked_prefix
from pipeline.storage.local_copy import save
from pipeline.storage.port import Draft, StoredObject, Written
from pipeline.storage.retrying import hastily, patiently
from pipeline.storage.s3 import concatenation, drafts
from pipeline.storage.s3.client import BINARY, S3Client
from pipeline.storage.s3.reading import Reading
from pipeline.storage.s3.upload import MAX_OBJECT_BYTES, part_bytes_for, upload

_BLOCK_BYTES = 2**20
#: What drafts of unknown length are planned for, unless told.
_DRAFT_BYTES = 100 * 2**30


class S3Store:
    """An object store in one bucket, made at the first use if it is missing.

    Thread-safe. Making one asks the server nothing, so a process starts while S3 is away.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        access_key: str,
        secret_key: str,
        bucket: str,
        region: str,
        secure: bool,
        draft_limit_bytes: int = _DRAFT_BYTES,
    ) -> None:
        self._raw_client = S3Client(
            endpoint=endpoint,
            access_key=access_key,
            secret_key=secret_key,
            bucket=bucket,
            region=region,
            secure=secure,
        )
        self._draft_limit_bytes = draft_limit_bytes
        self._bucket_lock = Lock()
        self._has_bucket = False

    @property
    def _client(self) -> S3Client:
        with self._bucket_lock:
            if not self._has_bucket:
                hastily()(self._raw_client.make_bucket_once)
                self._has_bucket = True
        return self._raw_client

    def put_stream(self, key: str, blocks: Iterable[bytes], *, limit_bytes: int) -> Written:
        """Write all blocks under the key; see the port."""
        limit_bytes = min(limit_bytes, MAX_OBJECT_BYTES)
        intake = Intake(blocks, limit_bytes=limit_bytes)
        self._write(key, intake, BINARY, part_bytes_for(limit_bytes))
        return intake.written()

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:
        """Write a local file under the key; see the port."""
        with path.open("rb") as file:
            part_bytes = part_bytes_for(path.stat().st_size)
            blocks = iter(lambda: file.read(_BLOCK_BYTES), b"")
            self._write(key, blocks, content_type, part_bytes)

    def put_bytes(self, key: str, data: bytes, *, content_type: str) -> None:
        """Write a small object under the key; see the port."""
        self._write(key, [data], content_type, part_bytes_for(len(data)))

    def _write(self, key: str, blocks: Iterable[bytes], content_type: str, part_bytes: int) -> None:
        checked_key(key)
        upload(self._client, key, blocks, content_type=content_type, part_bytes=part_bytes)

    def stat(self, key: str) -> StoredObject:
        """Tell size and etag; see the port."""
        return hastily()(self._client.head, checked_key(key))

    @contextmanager
    def open(
        self, key: str, *, start: int = 0, length: int | None = None
    ) -> Iterator[Iterator[bytes]]:
        """Read a range in blocks, over broken connections; see the port."""
        if length == 0:  # HTTP has no empty range
            self.stat(key)
            yield iter(())
            return
        with closing(Reading(self._client, checked_key(key), start, length)) as reading:
            yield reading.blocks()

    def fetch(self, key: str, path: Path) -> int:
        """Copy an object into a local file; see the port."""
        with self.open(key) as blocks:
            return save(blocks, path)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Walk the objects whose key starts with the prefix; see the port."""
        checked_prefix(prefix)
        after: str | None = None
        while page := hastily()(self._client.page, prefix, after):
            yield from page
            after = page[-1].key

    def delete_prefix(self, prefix: str) -> int:
        """Abort unfinished uploads below the prefix, then delete the objects; see the port."""
        if not prefix:
            raise InvalidRequest("refusing to delete the whole store", code="storage.bad_key")
        checked_prefix(prefix)
        self._abort_below(prefix)
        n_deleted = 0
        while page := patiently()(self._client.page, prefix, None):
            patiently()(self._client.delete, [item.key for item in page])
            n_deleted += len(page)
        return n_deleted

    def _abort_below(self, prefix: str) -> None:
        seen: set[str] = set()
        while left := [
            found
            for found in patiently()(self._client.unfinished, prefix)
            if found.upload_id and found.upload_id not in seen
        ]:
            for found in left:
                seen.add(found.upload_id or "")
                patiently()(self._client.abort_upload, found.object_name, found.upload_id)

    def begin(self, key: str, *, length_bytes: int | None, epoch: int) -> Draft:
        """Note a draft; see the port."""
        most_bytes = self._draft_limit_bytes if length_bytes is None else length_bytes
        return drafts.begin(checked_key(key), length_bytes, most_bytes, epoch=epoch)

    def append(
        self, draft: Draft, blocks: Iterable[bytes], *, epoch: int, held: bool = False
    ) -> Iterator[Draft]:
        """Send blocks as parts of a multipart upload; see the port."""
        return drafts.append(self._client, draft, blocks, epoch=epoch, held=held)

    def finish(self, draft: Draft) -> StoredObject:
        """Complete the multipart upload; see the port."""
        return drafts.finish(self._client, draft)

    def abandon(self, draft: Draft) -> None:
        """Abort the multipart upload and delete what lies beside it; see the port."""
        drafts.abandon(self._client, draft.key)

    def concatenate(self, keys: Sequence[str], key: str) -> Iterator[int]:
        """Let the server put them together where it can; see the port."""
        checked_key(key)
        found = [self.stat(part) for part in keys]
        return concatenation.concatenate(self._client, found, key)

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 - never on this box
        """Tell that objects lie elsewhere."""
        return None

    def free_bytes(self) -> int | None:
        """Tell that S3 does not say."""
        return None

    def check(self) -> None:
        """Write, read and delete a small object, trying once; see the port."""
        key = f".check/{uuid.uuid4().hex}"
        client = self._client
        client.put(key, b"check", BINARY)
        try:
            client.head(key)
        finally:
            client.delete([key])
