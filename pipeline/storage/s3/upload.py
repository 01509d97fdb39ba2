"""Writing a body of any length in flat memory: one request, or parts that become one object.

The stream itself is never sent twice; each part lies in memory and may be.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain

from minio.datatypes import Part

from pipeline.core.errors import NotFound, StorageFull, StorageUnavailable
from pipeline.storage.retrying import hastily, patiently
from pipeline.storage.s3.client import S3Client
from pipeline.storage.s3.completion import complete

_MIB = 2**20
_MAX_PARTS = 10_000
_MIN_PART_BYTES = 8 * _MIB
#: Also the memory one upload may take, twice over.
_MAX_PART_BYTES = 64 * _MIB
MAX_OBJECT_BYTES = _MAX_PARTS * _MAX_PART_BYTES


def part_bytes_for(limit_bytes: int) -> int:
    """Choose the size of parts so that the largest allowed body fits into 10,000.

    All parts but the last get the same size: some servers (R2) insist on it.
    """
    needed = -(-limit_bytes // _MAX_PARTS)
    rounded = -(-needed // _MIB) * _MIB
    return min(max(_MIN_PART_BYTES, rounded), _MAX_PART_BYTES)


def upload(
    client: S3Client, key: str, blocks: Iterable[bytes], *, content_type: str, part_bytes: int
) -> None:
    """Store the blocks under the key, visible only when complete.

    Whatever the blocks raise passes through; nothing stays behind then.
    """
    parts = _cut(blocks, part_bytes)
    first = next(parts)
    if len(first) < part_bytes:
        patiently()(client.put, key, first, content_type)
        return
    _Multipart(client, key, content_type).send(chain([first], parts))


def _cut(blocks: Iterable[bytes], part_bytes: int) -> Iterator[bytes]:
    """Regroup blocks into parts of exactly that size and a last, shorter one.

    An empty body gives one empty part; otherwise no part is empty.
    """
    buffer = bytearray()
    n_cut = 0
    for block in blocks:
        buffer += block
        while len(buffer) >= part_bytes:
            with memoryview(buffer) as view:
                part = bytes(view[:part_bytes])
            del buffer[:part_bytes]
            n_cut += 1
            yield part
            del part
    if buffer or not n_cut:
        yield bytes(buffer)


class _Multipart:
    """One multipart upload, completed or aborted."""

    def __init__(self, client: S3Client, key: str, content_type: str) -> None:
        self._client = client
        self._key = key
        #: Proves later that the object we see is this upload and no other.
        self._writer = uuid.uuid4().hex
        self._size_bytes = 0
        self._parts: list[Part] = []
        self._id: str = patiently()(client.begin_upload, key, self._writer, content_type)

    def send(self, parts: Iterable[bytes]) -> None:
        """Send all parts and complete, or abort and pass the error on."""
        is_done = False
        try:
            for data in parts:
                self._send_part(data)
                del data  # or two parts would lie in memory while the next is collected
            complete(
                self._client,
                self._key,
                self._id,
                self._parts,
                writer=self._writer,
                size_bytes=self._size_bytes,
            )
            is_done = True
        finally:
            if not is_done:
                self._abort()

    def _send_part(self, data: bytes) -> None:
        number = len(self._parts) + 1
        part = patiently()(self._client.upload_part, self._key, self._id, number, data)
        self._parts.append(part)
        self._size_bytes += len(data)

    def _abort(self) -> None:
        # What cannot be aborted now is aborted when its prefix is collected.
        with suppress(StorageUnavailable, StorageFull, NotFound):
            hastily()(self._client.abort_upload, self._key, self._id)
