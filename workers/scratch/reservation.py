"""Who uses how much of the scratch folder: one folder per living process, told by its lock.

Worker processes of one box share the scratch folder without a server between them. Each owns
``owners/{id}/`` and holds the lock of the file ``alive`` in it for life; beside it lie what
the process has reserved and where its attempts work. A free lock proves the owner dead, and
with its folder everything goes that it left.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.storage import filelock

_ALIVE = "alive"
_RESERVED = "reserved"
_WORK = "work"


class Owner:
    """This process's part of the scratch folder."""

    def __init__(self, owners: Path) -> None:
        """Must be called under the ledger's lock, as must everything that looks at others."""
        self.folder = owners / uuid.uuid4().hex
        self.work = self.folder / _WORK
        self.work.mkdir(parents=True)
        self.reserve(0)
        lock = filelock.try_lock(self.folder / _ALIVE, create=True)
        if lock is None:
            raise FileExistsError(self.folder)
        self._lock = lock

    def reserve(self, total_bytes: int) -> None:
        """Write down how much this process has reserved in all."""
        (self.folder / _RESERVED).write_text(str(total_bytes))

    def leave(self) -> None:
        """Remove everything of this process."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


class Ledger:
    """All owners of one scratch folder, as files."""

    def __init__(self, root: Path) -> None:
        self.owners = root / "owners"
        self.owners.mkdir(parents=True, exist_ok=True)
        self._lock = root / "ledger.lock"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes and threads from looking or changing meanwhile."""
        with filelock.waiting_lock(self._lock):
            yield

    def remove_dead(self) -> None:
        """Remove what owners left that died."""
        for folder in self.owners.iterdir():
            if _is_dead(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def reserved_bytes(self) -> int:
        """Add up what all owners reserved, the dead too until they are removed."""
        return sum(_reserved_bytes(folder) for folder in self.owners.iterdir())

    def used_bytes(self) -> int:
        """Add up what lies in the folders of attempts."""
        return sum(_size_bytes(folder / _WORK) for folder in self.owners.iterdir())


def _is_dead(folder: Path) -> bool:
    alive = folder / _ALIVE
    if not alive.exists():  # died before it got as far
        return True
    lock = filelock.try_lock(alive)
    if lock is None:
        return False
    os.close(lock)
    return True


def _reserved_bytes(folder: Path) -> int:
    try:
        return int((folder / _RESERVED).read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _size_bytes(folder: Path) -> int:
    total_bytes = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                facts = os.lstat(Path(where, name))
            except FileNotFoundError:  # the work goes on while we count
                continue
            total_bytes += facts.st_blocks * 512
    return total_bytes
