"""Unfinished uploads of the directory store: one file each, appended to until it is whole.

The draft of a key lies at ``.drafts/{key}~{epoch}``, under the epoch of its last writer. A
writer locks the file, gives it its own epoch, and appends. One that comes late finds a newer
epoch in the name, and stops; one that has the file open keeps newer ones out until it ends.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pipeline.core.errors import LeaseLost, StorageUnavailable
from pipeline.core.upload_errors import Locked
from pipeline.storage import filelock
from pipeline.storage.atomic_file import make_folder, put_in_place, sync_folder, translated
from pipeline.storage.draft_file import DraftFile
from pipeline.storage.intake import lost
from pipeline.storage.port import Draft

#: How long a new writer waits for an old one that is just ending.
_PATIENCE_S = 5.0
_LOOK_S = 0.02


class _File(NamedTuple):
    epoch: int
    path: Path


class _Locked(NamedTuple):
    descriptor: int
    path: Path


class DraftFolder:
    """The drafts of the store around it."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root

    def append(
        self, draft: Draft, blocks: Iterable[bytes], *, epoch: int, held: bool
    ) -> Iterator[Draft]:
        """Write blocks behind the draft's bytes; see the port."""
        with self._holding(draft, lambda: self._taken(draft, epoch)) as (file, _):
            for block in blocks:
                file.write(block)
                safe_bytes = None if held else file.flushed()
                if safe_bytes is not None:
                    yield replace(draft, size_bytes=safe_bytes)
                    file.kept_bytes = safe_bytes
            yield replace(draft, size_bytes=file.flush())

    def finish(self, draft: Draft, target: Path) -> None:
        """Move the file to the object's place, durably."""
        try:
            if not _has_size(target, draft.size_bytes):
                self._move(draft, target)
        except StorageUnavailable:
            # Perhaps somebody else finished it between the look and the move.
            if not _has_size(target, draft.size_bytes):
                raise
        self.drop(draft.key)

    def _move(self, draft: Draft, target: Path) -> None:
        holding = self._holding(draft, lambda: self._newest(draft))
        with holding as (_, locked), translated(draft.key):
            put_in_place(locked.path, locked.descriptor, target, self._root)

    def drop(self, key: str) -> None:
        """Remove a draft and the folders left empty, whoever writes to it."""
        with translated(key):
            for file in self._files(key):
                file.path.unlink(missing_ok=True)
        folder = (self._folder / key).parent
        with suppress(OSError):  # not empty, or gone already
            while folder != self._folder:
                folder.rmdir()
                folder = folder.parent

    @contextmanager
    def _holding(
        self, draft: Draft, lock: Callable[[], _Locked | None]
    ) -> Iterator[tuple[DraftFile, _Locked]]:
        end_s = time.monotonic() + _PATIENCE_S
        while (locked := lock()) is None:
            if time.monotonic() > end_s:
                raise Locked(f"{draft.key}: another writer holds it", code="storage.draft_held")
            time.sleep(_LOOK_S)
        try:
            with DraftFile(locked.descriptor, draft.size_bytes, draft.key) as file:
                yield file, locked
        finally:
            os.close(locked.descriptor)

    def _taken(self, draft: Draft, epoch: int) -> _Locked | None:
        """Lock the newest file and put our epoch on it; None where it is held, or moving."""
        file = max(self._files(draft.key), default=None)
        if file and file.epoch > epoch:
            raise LeaseLost(f"{draft.key}: epoch {file.epoch} writes now, not {epoch}")
        locked = self._lock(file, draft, epoch)
        if locked is None:
            return None
        ours = self._path(draft.key, epoch)
        try:
            with translated(draft.key):
                locked.path.rename(ours)
        except BaseException:
            os.close(locked.descriptor)
            raise
        return _Locked(locked.descriptor, ours)

    def _newest(self, draft: Draft) -> _Locked | None:
        return self._lock(max(self._files(draft.key), default=None), draft, epoch=0)

    def _lock(self, file: _File | None, draft: Draft, epoch: int) -> _Locked | None:
        if file is None:
            return self._made(draft, epoch)
        with translated(draft.key):
            descriptor = filelock.try_lock(file.path)
        return None if descriptor is None else _Locked(descriptor, file.path)

    def _made(self, draft: Draft, epoch: int) -> _Locked | None:
        """Make the file, which a draft that counts bytes must have already."""
        if draft.size_bytes:
            raise lost(f"{draft.key}: {draft.size_bytes} bytes of the draft")
        path = self._path(draft.key, epoch)
        with translated(draft.key), suppress(FileNotFoundError):  # a deletion beside us
            make_folder(path.parent, self._root)
            descriptor = filelock.try_lock(path, create=True)
            sync_folder(path.parent)
            return None if descriptor is None else _Locked(descriptor, path)
        return None

    def _path(self, key: str, epoch: int) -> Path:
        return self._folder / f"{key}~{epoch}"

    def _files(self, key: str) -> list[_File]:
        name = key.rpartition("/")[2]
        folder = (self._folder / key).parent
        try:
            parted = [(path, *path.name.rpartition("~")) for path in folder.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [
            _File(int(epoch), path)
            for path, start, _, epoch in parted
            if start == name and epoch.isdecimal()
        ]


def _has_size(path: Path, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes
    except (FileNotFoundError, NotADirectoryError):
        return False
