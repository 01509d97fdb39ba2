"""The cache's folder: which sources lie in it, who holds them, what goes when room is short."""

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import ScratchFull, StorageUnavailable
from pipeline.storage import filelock

_PART = ".part"
_DIGEST = re.compile(r"[0-9a-f]{64}")
#: Unit of ``st_blocks``, whatever the file system's own blocks are.
_STAT_BLOCK_BYTES = 512


@dataclass(frozen=True)
class Book:
    """One complete source."""

    path: Path
    size_bytes: int
    used_at_ns: int


class Shelf:
    """Complete sources under their digests, and ``.part`` files of those being fetched.

    Descriptors that come out of it hold the lock of the file they are for; close them to let
    go. Safe between threads and processes.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self._root = root
        self._limit_bytes = limit_bytes
        self._root.mkdir(parents=True, exist_ok=True)
        self._room_lock = root / "room.lock"
        for part in self._root.glob(f"*{_PART}"):
            filelock.remove_if_dead(part)

    def path(self, digest: str) -> Path:
        """Name the file of a source."""
        if not _DIGEST.fullmatch(digest):
            raise StorageUnavailable(f"not a digest: {digest[:80]!a}", code="storage.corrupt")
        return self._root / digest

    def take(self, digest: str, size_bytes: int) -> int | None:
        """Hold a complete source against eviction; None while it is not here."""
        path = self.path(digest)
        lock = filelock.try_lock(path, shared=True)
        if lock is None:
            return None
        if os.fstat(lock).st_size != size_bytes:  # the disk lost some of it
            os.close(lock)
            filelock.remove_if_dead(path)
            return None
        _note_use(lock)
        return lock

    def begin(self, digest: str) -> int | None:
        """Become the one who fetches a source; None while somebody else does, or did."""
        part = self._part(digest)
        lock = filelock.try_lock(part, create=True)
        if lock is not None and self.path(digest).exists():
            self.drop(digest, lock)
            return None
        return lock

    def make_room(self, part: int, size_bytes: int) -> None:
        """Claim room for the source being fetched, evicting what nobody holds, oldest first.

        Going over the limit is allowed where all that is over it is in use.

        Raises:
            ScratchFull: the disk itself has no room.
        """
        with filelock.waiting_lock(self._room_lock):
            os.ftruncate(part, size_bytes)
            self._evict()
            free_bytes = self._free_bytes()
        if free_bytes < 0:
            raise ScratchFull(f"{-free_bytes} bytes short of room for a source")

    def finish(self, digest: str, part: int) -> int | None:
        """Put the fetched source on the shelf and hold it; None if it was evicted at once."""
        _note_use(part)
        os.fsync(part)
        self._part(digest).replace(self.path(digest))
        # Not atomic: the lock is free for a moment in between.
        if filelock.is_held(part, shared=True) and filelock.is_still_at(self.path(digest), part):
            return part
        os.close(part)
        return None

    def drop(self, digest: str, part: int) -> None:
        """Forget a fetch that failed."""
        self._part(digest).unlink(missing_ok=True)
        os.close(part)

    def arrived_bytes(self, digest: str) -> int:
        """Tell how much of a source being fetched by anybody is here."""
        try:
            return self._part(digest).stat().st_blocks * _STAT_BLOCK_BYTES
        except FileNotFoundError:
            return 0

    def trim(self) -> None:
        """Evict what is over the limit and held by nobody."""
        with filelock.waiting_lock(self._room_lock):
            self._evict()

    def books(self) -> list[Book]:
        """List complete sources, last used first."""
        found = [book for book in self._facts() if _DIGEST.fullmatch(book.path.name)]
        return sorted(found, key=lambda book: book.used_at_ns, reverse=True)

    def _evict(self) -> None:
        for book in reversed(self.books()):
            over_bytes = sum(fact.size_bytes for fact in self._facts()) - self._limit_bytes
            if over_bytes <= 0 and self._free_bytes() >= 0:
                return
            filelock.remove_if_dead(book.path)

    def _free_bytes(self) -> int:
        unwritten_bytes = 0
        for part in self._root.glob(f"*{_PART}"):
            try:
                facts = part.stat()
            except FileNotFoundError:
                continue
            unwritten_bytes += max(0, facts.st_size - facts.st_blocks * _STAT_BLOCK_BYTES)
        return shutil.disk_usage(self._root).free - unwritten_bytes

    def _facts(self) -> list[Book]:
        found = []
        for entry in os.scandir(self._root):
            try:
                facts = entry.stat()
            except FileNotFoundError:
                continue
            found.append(Book(Path(entry.path), facts.st_size, facts.st_mtime_ns))
        return found

    def _part(self, digest: str) -> Path:
        return self.path(digest).with_name(f"{digest}{_PART}")


def _note_use(descriptor: int) -> None:
    # Our own clock reading: the kernel's for file times moves in steps of milliseconds.
    now_ns = time.time_ns()
    os.utime(descriptor, ns=(now_ns, now_ns))
