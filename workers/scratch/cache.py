"""Sources on this box: each fetched once, shared by all slots and worker processes.

A file named by its SHA-256 is complete and right. Holders keep a shared lock on it, so that
nobody evicts what is in use; whoever fetches holds the lock of its ``.part`` file, so that the
others wait. Locks go with their process; what a dead one left is removed.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from pipeline.core.errors import Stopped, StorageUnavailable
from pipeline.storage.local_copy import local_faults
from pipeline.storage.port import ObjectStore
from schemas.tasks import SourceRef
from workers.scratch.shelf import Shelf

_LOOK_AGAIN_S = 0.1
_MAX_OFFERED = 50

OnProgress = Callable[[], None]


class SourceCache:
    """Local copies of sources, ``limit_bytes`` of them plus whatever more is in use."""

    def __init__(self, root: Path, limit_bytes: int, store: ObjectStore) -> None:
        self._shelf = Shelf(root.absolute(), limit_bytes)
        self._store = store

    @contextmanager
    def hold(
        self, ref: SourceRef, stop: Event, on_progress: OnProgress | None = None
    ) -> Iterator[Path]:
        """Lend the local file of a source, only to be read, and keep it while it is held.

        ``on_progress`` is called whenever more of it has come, whoever fetches it.

        Raises:
            StorageUnavailable: with the code ``storage.corrupt`` if the bytes that came are
                not those of the reference.
            NotFound: the store has no such object.
            ScratchFull: no room for it on this box.
            Stopped: ``stop`` was set.
        """
        in_place = self._store.local_path(ref.key)
        if in_place is not None:
            yield in_place
            return
        lock = self._take(ref, stop, on_progress or _ignore)
        try:
            yield self._shelf.path(ref.sha256)
        finally:
            os.close(lock)
            self._shelf.trim()

    def held(self) -> tuple[str, ...]:
        """Name the digests here, last used first, at most 50: claims prefer their tasks."""
        return tuple(book.path.name for book in self._shelf.books()[:_MAX_OFFERED])

    def _take(self, ref: SourceRef, stop: Event, on_progress: OnProgress) -> int:
        arrived_bytes = 0
        while True:
            lock = self._shelf.take(ref.sha256, ref.size_bytes)
            if lock is None:
                lock = self._take_fetched(ref, stop, on_progress)
            if lock is not None:
                return lock
            before_bytes, arrived_bytes = arrived_bytes, self._shelf.arrived_bytes(ref.sha256)
            if arrived_bytes > before_bytes:
                on_progress()
            if stop.wait(_LOOK_AGAIN_S):
                raise Stopped("stopped while another slot fetches the source")

    def _take_fetched(self, ref: SourceRef, stop: Event, on_progress: OnProgress) -> int | None:
        """Fetch the source unless somebody else does."""
        part = self._shelf.begin(ref.sha256)
        if part is None:
            return None
        is_complete = False
        try:
            self._shelf.make_room(part, ref.size_bytes)
            self._fetch(ref, part, stop, on_progress)
            is_complete = True
        finally:
            if not is_complete:
                self._shelf.drop(ref.sha256, part)
        return self._shelf.finish(ref.sha256, part)

    def _fetch(self, ref: SourceRef, part: int, stop: Event, on_progress: OnProgress) -> None:
        digest = hashlib.sha256()
        size_bytes = 0
        with (
            local_faults(Path(ref.key)),
            self._store.open(ref.key) as blocks,
            os.fdopen(part, "wb", closefd=False) as file,
        ):
            for block in blocks:
                if stop.is_set():
                    raise Stopped("stopped while fetching the source")
                digest.update(block)
                size_bytes += len(block)
                file.write(block)
                on_progress()
        if size_bytes != ref.size_bytes or digest.hexdigest() != ref.sha256:
            raise StorageUnavailable(
                f"{ref.key} came as other bytes than were stored", code="storage.corrupt"
            )


def _ignore() -> None:
    """Nobody wants to know."""
