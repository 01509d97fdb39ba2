"""One draft's file while somebody appends to it: written here, flushed by a thread beside.

A flush waits for the disk. Were it done between two blocks, the sender would wait as long;
so the disk writes one stretch while the next comes in.
"""

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from pipeline.core.errors import StorageFull
from pipeline.storage.atomic_file import translated
from pipeline.storage.intake import lost

#: After so many bytes, or so long after the last flush began, the next one begins.
_FLUSH_BYTES = 32 * 2**20
_FLUSH_S = 1.0
#: After so many bytes the disk is told that there is work.
_STRETCH_BYTES = 2**20


class DraftFile:
    """An open and locked file, written to behind its first ``size_bytes``."""

    def __init__(self, descriptor: int, size_bytes: int, key: str) -> None:
        self._descriptor = descriptor
        self._size_bytes = size_bytes
        self._key = key
        #: What the caller has kept; all behind it may go.
        self.kept_bytes = size_bytes
        self._stirred_bytes = size_bytes
        self._begun_bytes = size_bytes
        self._begun_at_s = time.monotonic()
        self._flush: Future[int] | None = None
        self._flusher = ThreadPoolExecutor(1, thread_name_prefix="flush")

    def __enter__(self) -> Self:
        """Cut off what a crash or a discarded append left behind the draft's bytes."""
        with translated(self._key):
            missing_bytes = self._size_bytes - os.fstat(self._descriptor).st_size
            if missing_bytes > 0:
                raise lost(f"{self._key}: {missing_bytes} bytes of the draft")
            if missing_bytes < 0:
                os.ftruncate(self._descriptor, self._size_bytes)
            os.lseek(self._descriptor, self._size_bytes, os.SEEK_SET)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._flusher.shutdown()
        if isinstance(error, StorageFull):
            # The database may need this very room to say so.
            os.ftruncate(self._descriptor, self.kept_bytes)

    def write(self, block: bytes) -> None:
        """Write a block behind the others."""
        with translated(self._key):
            n_written = os.write(self._descriptor, block)
            while n_written < len(block):
                n_written += os.write(self._descriptor, memoryview(block)[n_written:])
            self._size_bytes += n_written
            if self._size_bytes - self._stirred_bytes >= _STRETCH_BYTES:
                self._stir()

    def _stir(self) -> None:
        """Let the disk begin to write what came, so that the flush at the end finds little left.

        That is what Linux makes of a hint that pages are not needed while they still have to be
        written; it drops none of them.
        """
        n_bytes = self._size_bytes - self._stirred_bytes
        hint = os.POSIX_FADV_DONTNEED
        os.posix_fadvise(self._descriptor, self._stirred_bytes, n_bytes, hint)
        self._stirred_bytes = self._size_bytes

    def flushed(self) -> int | None:
        """Begin a flush if one is due; tell how many bytes are safe if one has ended.

        Waits only where the disk is a whole stretch behind.
        """
        safe_bytes = None
        behind_bytes = self._size_bytes - self._begun_bytes
        if self._flush and (self._flush.done() or behind_bytes >= _FLUSH_BYTES):
            safe_bytes = self._ended(self._flush)
        if not self._flush and behind_bytes and self._is_due(behind_bytes):
            self._begun_bytes = self._size_bytes
            self._begun_at_s = time.monotonic()
            self._flush = self._flusher.submit(self._sync, self._size_bytes)
        return safe_bytes

    def flush(self) -> int:
        """Wait until all is safe; return how many bytes that is."""
        if self._flush:
            self._ended(self._flush)
        with translated(self._key):
            return self._sync(self._size_bytes)

    def _is_due(self, behind_bytes: int) -> bool:
        return behind_bytes >= _FLUSH_BYTES or time.monotonic() - self._begun_at_s >= _FLUSH_S

    def _ended(self, flush: Future[int]) -> int:
        self._flush = None
        with translated(self._key):
            return flush.result()

    def _sync(self, size_bytes: int) -> int:
        os.fdatasync(self._descriptor)
        return size_bytes
