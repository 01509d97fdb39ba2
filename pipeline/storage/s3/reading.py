"""Reading an object that goes on where a broken connection left off."""

import re
from collections.abc import Iterator
from http import HTTPStatus

from urllib3.response import BaseHTTPResponse

from pipeline.core.errors import StorageUnavailable
from pipeline.storage.retrying import hastily, patiently
from pipeline.storage.s3.client import S3Client
from pipeline.storage.s3.faults import translated

_BLOCK_BYTES = 256 * 1024


class Reading:
    """Bytes [start, end) of one object, the same object to the last byte."""

    def __init__(self, client: S3Client, key: str, start: int, length: int | None) -> None:
        self._client = client
        self._key = key
        self._offset = start
        self._end = None if length is None else start + length
        self._etag: str | None = None
        self._response: BaseHTTPResponse | None = None
        try:
            hastily()(self._ask)
        except StorageUnavailable as error:
            if error.instance_code != "storage.past_end":
                raise
            self._end = start  # the object is empty, or ends before

    def blocks(self) -> Iterator[bytes]:
        """Pass the range on; gives up after about 30 s without a single new byte."""
        while self._end is not None and self._offset < self._end:
            block = patiently()(self._next_block)
            self._offset += len(block)
            yield block

    def close(self) -> None:
        """Give up the connection if it is still needed for this reading."""
        if self._response is not None:
            self._response.close()
            self._response.release_conn()
            self._response = None

    def _ask(self) -> BaseHTTPResponse:
        response = self._client.get(self._key, self._offset, self._end, self._etag)
        self._response = response
        self._etag = response.headers.get("etag", "").strip('"') or None
        total = self._total(response)
        self._end = total if self._end is None else min(self._end, total)
        return response

    def _total(self, response: BaseHTTPResponse) -> int:
        """Find the object's size, from a header that no cut body can falsify where possible."""
        found = re.fullmatch(
            r"bytes (\d+)-\d+/(\d+)", response.headers.get("content-range", "").strip()
        )
        if found and int(found[1]) == self._offset:
            return int(found[2])
        size = response.headers.get("content-length", "")
        if response.status == HTTPStatus.OK and self._offset == 0 and size.isdecimal():
            return int(size)
        self.close()
        raise StorageUnavailable(f"{self._key}: the server ignores ranges", code="storage.refused")

    def _next_block(self) -> bytes:
        response = self._response or self._ask()
        wanted = min(_BLOCK_BYTES, (self._end or 0) - self._offset)
        try:
            with translated(self._key):
                block = response.read(wanted)
        except StorageUnavailable:
            self.close()
            raise
        if not block:
            self.close()
            raise StorageUnavailable(f"{self._key}: cut off at byte {self._offset}")
        return block
