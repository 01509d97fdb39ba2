"""The scratch folder of a box, as one worker process sees it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import ScratchFull
from schemas.vocabulary import TaskId
from workers.scratch.reservation import Ledger, Owner


class ScratchRoot:
    """Room for work in progress: reserved before it starts, gone when it ends.

    Several worker processes of one box may share the folder. Making one removes what
    processes left that died. Thread-safe.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self._root = root.absolute()
        self._limit_bytes = limit_bytes
        self._reserved_bytes = 0
        self._ledger = Ledger(self._root)
        with self._ledger.locked():
            self._ledger.remove_dead()
            self._owner = Owner(self._ledger.owners)

    @contextmanager
    def reserve(self, n_bytes: int) -> Iterator[None]:
        """Set room aside for the block of code under it.

        Raises:
            ScratchFull: so much is not free on this box now.
        """
        self._add(n_bytes)
        try:
            yield
        finally:
            self._add(-n_bytes)

    def _add(self, n_bytes: int) -> None:
        if n_bytes == 0:  # short tasks by the hundred need none
            return
        with self._ledger.locked():
            if n_bytes > 0:
                self._require(n_bytes)
            self._owner.reserve(self._reserved_bytes + n_bytes)
            self._reserved_bytes += n_bytes

    def _require(self, n_bytes: int) -> None:
        if n_bytes > self._free_bytes():
            self._ledger.remove_dead()
        free_bytes = self._free_bytes()
        if n_bytes > free_bytes:
            raise ScratchFull(f"{n_bytes} bytes of scratch wanted, {free_bytes} free")

    @contextmanager
    def attempt(self, task_id: TaskId, epoch: int, *, reserve_bytes: int) -> Iterator[Path]:
        """Lend a private empty folder with so much room; it goes with all its contents.

        Raises:
            ScratchFull: as for ``reserve``.
        """
        folder = self._owner.work / f"{task_id}-{epoch}"
        with self.reserve(reserve_bytes):
            folder.mkdir()
            try:
                yield folder
            finally:
                # What cannot be removed now goes with this process's folder.
                shutil.rmtree(folder, ignore_errors=True)

    def free_bytes(self) -> int:
        """Tell how much could be reserved now."""
        with self._ledger.locked():
            return self._free_bytes()

    def _free_bytes(self) -> int:
        reserved_bytes = self._ledger.reserved_bytes()
        # Of the disk, what is reserved but not written yet is spoken for too.
        promised_bytes = max(0, reserved_bytes - self._ledger.used_bytes()) if reserved_bytes else 0
        disk_bytes = shutil.disk_usage(self._root).free - promised_bytes
        return max(0, min(self._limit_bytes - reserved_bytes, disk_bytes))

    def close(self) -> None:
        """Give everything back; the last thing a worker process does."""
        with self._ledger.locked():
            self._owner.leave()
