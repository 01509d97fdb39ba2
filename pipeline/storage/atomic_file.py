"""Writing a file so that it is seen whole or not at all, through crash and power cut.

Used by the directory store alone.
"""

import errno
import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pipeline.core.errors import (
    InvalidRequest,
    NotFound,
    ReelmillError,
    StorageFull,
    StorageUnavailable,
)
from pipeline.storage import filelock

_FULL = {errno.ENOSPC, errno.EDQUOT}
#: The key collides with the tree: a folder where a file should be, or the other way round.
_MISPLACED = {errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY}
#: Some file systems cannot copy by themselves, or not from one into another.
_COPYLESS = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}
_STRETCH_BYTES = 64 * 2**20


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn operating system errors about ``what`` into our own."""
    try:
        yield
    except OSError as error:
        raise _ours(error, what) from error


@contextmanager
def reading(key: str) -> Iterator[None]:
    """Do the same where a missing file only means that there is no such object."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise NotFound(f"there is no object {key}") from error
    except OSError as error:
        raise _ours(error, key) from error


def _ours(error: OSError, what: str) -> ReelmillError:
    if error.errno in _FULL:
        return StorageFull(f"no room left for {what}")
    if error.errno in _MISPLACED:
        return InvalidRequest(f"{what} lies where a folder is needed", code="storage.bad_key")
    return StorageUnavailable(f"{what}: {error.strerror or error}")


class AtomicFile:
    """A file being written beside the store; ``commit`` moves it to its place.

    Left without a commit, nothing stays behind. If the process dies meanwhile, the file is
    known to be dead by its free lock, see ``remove_dead``.
    """

    def __init__(self, incoming: Path) -> None:
        self._path = incoming / uuid.uuid4().hex
        with translated("a new object"):
            self._descriptor = _created_locked(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The lock goes last: until the name is gone a cleaner must see a living owner.
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def write(self, block: bytes) -> None:
        """Append a block."""
        with translated("an object"):
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def copy(self, source: BinaryIO) -> Iterator[int]:
        """Append a file, by the kernel where it can; yield how many bytes each step took."""
        with translated("an object"):
            while n_copied := _copied(source.fileno(), self._descriptor):
                yield n_copied

    def commit(self, target: Path, root: Path) -> None:
        """Make the bytes durable, then visible under the target's name, then that durable."""
        with translated(str(target.relative_to(root))):
            put_in_place(self._path, self._descriptor, target, root)


def _copied(source: int, target: int) -> int:
    try:
        return os.copy_file_range(source, target, _STRETCH_BYTES)
    except OSError as error:
        if error.errno not in _COPYLESS:
            raise
    return os.sendfile(target, source, None, _STRETCH_BYTES)


def put_in_place(path: Path, descriptor: int, target: Path, root: Path) -> None:
    """Move an open file of ours to its place: bytes durable, then visible, then that durable."""
    os.fsync(descriptor)
    _move(path, target, root)
    sync_folder(target.parent)


def _move(path: Path, target: Path, root: Path) -> None:
    for _ in range(10):
        try:
            make_folder(target.parent, root)
            path.replace(target)
        except FileNotFoundError:
            continue  # a deletion beside us took the empty folder away again
        return
    raise FileNotFoundError(errno.ENOENT, "the folder keeps vanishing", str(target.parent))


def _created_locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # A cleaner may have taken it for dead between these two lines.
        if filelock.is_still_at(path, descriptor):
            return descriptor
        os.close(descriptor)


def make_folder(folder: Path, root: Path) -> None:
    """Make a folder and its parents up to the root, each entry durable."""
    if folder == root or folder.is_dir():
        return
    make_folder(folder.parent, root)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_dead(incoming: Path) -> int:
    """Remove unfinished files whose writer died; return how many."""
    return sum(filelock.remove_if_dead(path) for path in incoming.iterdir())
