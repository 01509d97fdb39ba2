"""One append to a draft on S3: blocks → parts of a multipart upload, and a rest.

One part goes up while the next is collected. What is too short for a part is kept as an object
of its own, never written twice, until a later append has enough for a part with it.
"""

import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace

from minio.datatypes import Part

from pipeline.core.errors import NotFound, StorageFull, StorageUnavailable
from pipeline.storage.intake import lost
from pipeline.storage.port import Draft
from pipeline.storage.retrying import patiently
from pipeline.storage.s3.client import BINARY, S3Client
from pipeline.storage.s3.notes import Notes
from pipeline.storage.s3.part_buffer import PartBuffer
from pipeline.storage.s3.reading import Reading

#: A sender this slow gets its bytes kept before they make up a part.
_REST_S = 5.0


class Appending:
    """The writer of one epoch at work."""

    def __init__(self, client: S3Client, draft: Draft, epoch: int) -> None:
        self._client = client
        self._key = draft.key
        self._notes = Notes.read(draft.state).taken_by(epoch, draft.size_bytes)
        #: The rest of the draft that was kept last.
        self._kept_rest = self._notes.rest_key
        #: Bytes in parts that are safe, and those together with what was taken since.
        self._sent_bytes = draft.size_bytes - self._notes.rest_bytes
        self._taken_bytes = self._sent_bytes
        self._safe_at_s = time.monotonic()
        self._buffer = PartBuffer(self._notes.part_bytes)
        self._spare: PartBuffer | None = None
        self._going_up: tuple[Future[Part], PartBuffer] | None = None
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="part")

    def run(self, blocks: Iterable[bytes]) -> Iterator[Draft]:
        """Send the blocks; yield what is safe."""
        with self._sender:
            for block in self._rest():
                self._take(block)
            for block in blocks:
                left = self._take(block)
                while self._buffer.is_full:
                    yield from self._with_part_safe()
                    self._send()
                    left = self._take(left)
                if self._going_up and self._going_up[0].done():
                    yield from self._with_part_safe()
                if time.monotonic() - self._safe_at_s >= _REST_S:
                    yield from self._with_part_safe()
                    self._keep_rest()
                    yield from self._shown()
            yield from self._end()

    def _end(self) -> Iterator[Draft]:
        n_bytes = self._buffer.n_bytes
        if not self._going_up:
            self._notes = self._notes.fitted(n_bytes)
        is_last = self._taken_bytes == self._notes.length_bytes
        if n_bytes and (is_last or n_bytes == self._notes.part_bytes):
            yield from self._with_part_safe()
            self._send()
        self._settle()
        self._keep_rest()
        self._notes = replace(self._notes, is_open=False)
        yield from self._shown()

    def _rest(self) -> Iterator[bytes]:
        """Read what former appends left over."""
        if not self._notes.rest_key:
            return
        try:
            with closing(Reading(self._client, self._notes.rest_key, 0, None)) as reading:
                yield from reading.blocks()
        except NotFound as error:
            raise lost(f"{self._notes.rest_bytes} bytes of {self._key}") from error

    def _take(self, block: bytes | memoryview) -> memoryview:
        """Collect a block; return what did not fit."""
        left = self._buffer.take(memoryview(block))
        self._taken_bytes += len(block) - len(left)
        return left

    def _send(self) -> None:
        """Let the collected part go up, and go on with another buffer."""
        if not self._notes.upload_id:
            begin = self._client.begin_upload
            upload_id = patiently()(begin, self._key, self._notes.writer, BINARY)
            self._notes = replace(self._notes, upload_id=upload_id)
        going_up = self._sender.submit(
            patiently(),
            self._client.upload_part,
            self._key,
            self._notes.upload_id,
            self._notes.number,
            self._buffer.view(),
        )
        self._going_up = going_up, self._buffer
        self._buffer = self._spare or PartBuffer(self._notes.part_bytes)
        self._buffer.clear()

    def _with_part_safe(self) -> Iterator[Draft]:
        if self._going_up:
            self._settle()
            yield from self._shown()

    def _settle(self) -> None:
        """Wait until the part that is going up is there."""
        if self._going_up:
            future, buffer = self._going_up
            self._notes = self._notes.with_part(future.result())
            self._sent_bytes += buffer.n_bytes
            self._spare = buffer
            self._going_up = None

    def _keep_rest(self) -> None:
        """Keep what is collected as an object of its own, if it is more than was kept."""
        if self._buffer.n_bytes > self._notes.rest_bytes:
            key = f"{self._key}~{self._notes.epoch}-{uuid.uuid4().hex}"
            patiently()(self._client.put, key, self._buffer.view(), BINARY)
            self._notes = replace(self._notes, rest_key=key, rest_bytes=self._buffer.n_bytes)

    def _shown(self) -> Iterator[Draft]:
        size_bytes = self._sent_bytes + self._notes.rest_bytes
        yield Draft(self._key, size_bytes, self._notes.written())
        # Asked to go on, so it was kept: nobody will ever need the rest of the one before.
        self._safe_at_s = time.monotonic()
        if self._kept_rest not in {"", self._notes.rest_key}:
            # What cannot be deleted now goes when the draft is finished or abandoned.
            with suppress(StorageUnavailable, StorageFull):
                self._client.delete([self._kept_rest])
        self._kept_rest = self._notes.rest_key
