"""Digests of bytes on their way, computed by a thread beside the one that reads and writes them.

Digesting takes about as long as reading and writing together, and needs nothing of Python
meanwhile; one after the other, an upload would be half as fast.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from ingest.tus.checksum import Digest

#: Handed over at once; shorter bodies need no thread.
_STRETCH_BYTES = 2**20


class Abreast:
    """Takes blocks in; its digests are right once ``ended`` is over."""

    def __init__(self, digests: Sequence[Digest]) -> None:
        self._digests = digests
        self._blocks: list[bytes] = []
        self._n_bytes = 0
        self._before: Future[None] | None = None
        self._worker: ThreadPoolExecutor | None = None

    def update(self, block: bytes) -> None:
        """Take more bytes in; waits where digesting is a whole stretch behind."""
        if not self._digests:
            return
        self._blocks.append(block)
        self._n_bytes += len(block)
        if self._n_bytes >= _STRETCH_BYTES:
            self._worker = self._worker or ThreadPoolExecutor(1, thread_name_prefix="digest")
            self._wait()
            self._before = self._worker.submit(self._digest, self._blocks)
            self._blocks, self._n_bytes = [], 0

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Digest what was taken in within, to its end."""
        try:
            yield
        finally:
            self._wait()
            self._digest(self._blocks)
            if self._worker:
                self._worker.shutdown()

    def _wait(self) -> None:
        if self._before:
            self._before.result()

    def _digest(self, blocks: list[bytes]) -> None:
        for digest in self._digests:
            for block in blocks:
                digest.update(block)
