"""Objects as files below one folder: the embedded form of the store.

A key is a path below the root. Unfinished writes lie in ``.incoming``, drafts in ``.drafts``
on the same file system; a rename makes them visible. Several processes may share the folder.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from pipeline.core.errors import InvalidRequest
from pipeline.storage.atomic_file import AtomicFile, reading, remove_dead, translated
from pipeline.storage.draft_folder import DraftFolder
from pipeline.storage.intake import Intake, checked_key, checked_prefix
from pipeline.storage.local_copy import save
from pipeline.storage.port import Draft, StoredObject, Written

_INCOMING = ".incoming"
_DRAFTS = ".drafts"
_OURS = {_INCOMING, _DRAFTS}
_BLOCK_BYTES = 256 * 1024


class DirectoryStore:
    """An object store in a folder of this box."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._incoming = self._root / _INCOMING
        with translated("the object folder"):
            self._incoming.mkdir(parents=True, exist_ok=True)
            remove_dead(self._incoming)
        self._drafts = DraftFolder(self._root / _DRAFTS, self._root)

    def put_stream(self, key: str, blocks: Iterable[bytes], *, limit_bytes: int) -> Written:
        """Write all blocks under the key; see the port."""
        intake = Intake(blocks, limit_bytes=limit_bytes)
        self._write(key, intake)
        return intake.written()

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:  # noqa: ARG002 - a folder keeps no types
        """Copy a local file under the key; see the port."""
        with path.open("rb") as source:
            self._write(key, _blocks(source))

    def put_bytes(self, key: str, data: bytes, *, content_type: str) -> None:  # noqa: ARG002 - a folder keeps no types
        """Write a small object under the key; see the port."""
        self._write(key, [data])

    def _write(self, key: str, blocks: Iterable[bytes]) -> None:
        target = self._path(key)
        with AtomicFile(self._incoming) as file:
            for block in blocks:
                file.write(block)
            file.commit(target, self._root)

    def stat(self, key: str) -> StoredObject:
        """Tell size and etag; see the port."""
        with reading(key):
            return _described(key, self._path(key))

    @contextmanager
    def open(
        self, key: str, *, start: int = 0, length: int | None = None
    ) -> Iterator[Iterator[bytes]]:
        """Read a range in blocks; see the port."""
        with reading(key):
            file = self._path(key).open("rb")
        with file:
            file.seek(start)
            yield _blocks(file, length)

    def fetch(self, key: str, path: Path) -> int:
        """Copy an object into a local file; see the port."""
        with self.open(key) as blocks:
            return save(blocks, path)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Walk the objects whose key starts with the prefix; see the port."""
        with translated(prefix):
            for path in self._walk(prefix):
                # A folder, or a file deleted while we walked.
                with suppress(IsADirectoryError, FileNotFoundError):
                    yield _described(path.relative_to(self._root).as_posix(), path)

    def _walk(self, prefix: str) -> Iterator[Path]:
        for path in _walk(*self._place(self._root, checked_prefix(prefix))):
            if path.relative_to(self._root).parts[0] not in _OURS:
                yield path

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object and draft below the prefix, and the folders left empty; see the port.

        A ``put_`` under way in a living process is not aborted: it may still land.
        """
        if not prefix or prefix.split("/", 1)[0] in _OURS:
            raise InvalidRequest("refusing to delete the store itself", code="storage.bad_key")
        with translated(prefix):
            remove_dead(self._incoming)
            n_deleted = sum(_deleted(path) for path in self._walk(prefix))
            for path in _walk(*self._place(self._root / _DRAFTS, prefix)):
                _deleted(path)
            self._prune(prefix)
        return n_deleted

    def _prune(self, prefix: str) -> None:
        for root in (self._root, self._root / _DRAFTS):
            folder, _ = self._place(root, prefix)
            while folder != root and _is_gone(folder):
                folder = folder.parent

    def begin(self, key: str, *, length_bytes: int | None, epoch: int) -> Draft:  # noqa: ARG002 - a file needs neither
        """Note a draft, whose file is made when its first bytes come; see the port."""
        self._path(key)
        return Draft(key)

    def append(
        self, draft: Draft, blocks: Iterable[bytes], *, epoch: int, held: bool = False
    ) -> Iterator[Draft]:
        """Write blocks behind the draft's bytes; see the port."""
        return self._drafts.append(draft, blocks, epoch=epoch, held=held)

    def finish(self, draft: Draft) -> StoredObject:
        """Move the draft's file to its place; see the port."""
        self._drafts.finish(draft, self._path(draft.key))
        return self.stat(draft.key)

    def abandon(self, draft: Draft) -> None:
        """Remove the draft's file; see the port."""
        self._drafts.drop(draft.key)

    def concatenate(self, keys: Sequence[str], key: str) -> Iterator[int]:
        """Copy the objects one behind the other; see the port."""
        target = self._path(key)
        with AtomicFile(self._incoming) as file:
            size_bytes = 0
            for part in keys:
                with reading(part):
                    source = self._path(part).open("rb")
                with source:
                    for n_copied in file.copy(source):
                        size_bytes += n_copied
                        yield size_bytes
            file.commit(target, self._root)

    def local_path(self, key: str) -> Path | None:
        """Name the file that holds the object; None where there is none."""
        path = self._path(key)
        return path if path.is_file() else None

    def free_bytes(self) -> int | None:
        """Tell how much room the file system has for us."""
        with translated("the object folder"):
            return shutil.disk_usage(self._root).free

    def check(self) -> None:
        """Write a small file and list the folder; see the port."""
        with AtomicFile(self._incoming) as file, translated("the object folder"):
            file.write(b"check")
            list(self._root.iterdir())

    @staticmethod
    def _place(root: Path, prefix: str) -> tuple[Path, str]:
        folder, _, fragment = prefix.rpartition("/")
        return root / folder, fragment

    def _path(self, key: str) -> Path:
        if key.split("/", 1)[0] in _OURS:
            raise InvalidRequest("this name is the store's own", code="storage.bad_key")
        return self._root / checked_key(key)


def _described(key: str, path: Path) -> StoredObject:
    facts = path.stat()
    if not S_ISREG(facts.st_mode):
        raise IsADirectoryError(key)
    return StoredObject(
        key=key,
        size_bytes=facts.st_size,
        # Every write makes a new file, so these three never repeat for other bytes.
        etag=f"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}",
        modified_at=datetime.fromtimestamp(facts.st_mtime, UTC),
    )


def _blocks(file: BinaryIO, length: int | None = None) -> Iterator[bytes]:
    left = length
    while left is None or left > 0:
        with translated("an object"):
            block = file.read(_BLOCK_BYTES if left is None else min(_BLOCK_BYTES, left))
        if not block:
            return
        left = None if left is None else left - len(block)
        yield block


def _walk(folder: Path, fragment: str) -> Iterator[Path]:
    """Go through files and folders whose name starts with the fragment, contents first."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.name.startswith(fragment):
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), "")
            yield Path(entry.path)


def _deleted(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except (IsADirectoryError, PermissionError):  # what unlinking a folder says, by system
        _is_gone(path)
        return False
    return True


def _is_gone(folder: Path) -> bool:
    """Remove an empty folder; tell whether it is gone, by us or somebody else."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
