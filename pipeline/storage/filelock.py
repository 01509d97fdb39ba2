"""File locks that prove who is alive: the kernel drops them when their process dies, however.

Used by the directory store for unfinished writes and by ``workers.scratch`` for everything
that must not outlive its owner. All locks are ``flock``: they belong to one opening of a file,
so threads of one process exclude each other too. Children started with closed descriptors
(Python's default) do not inherit them.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def try_lock(path: Path, *, shared: bool = False, create: bool = False) -> int | None:
    """Open and lock a file without waiting; return the descriptor that holds the lock.

    Returns None where the file is missing, somebody holds it, or it was unlinked or renamed
    while we took the lock (a lock on a file nobody can find proves nothing).
    """
    try:
        descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o644)
    except FileNotFoundError:
        return None
    if is_held(descriptor, shared=shared) and is_still_at(path, descriptor):
        return descriptor
    os.close(descriptor)
    return None


def is_held(descriptor: int, *, shared: bool) -> bool:
    """Take or convert the lock of an open file without waiting; tell whether that worked."""
    wish = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, wish | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_still_at(path: Path, descriptor: int) -> bool:
    """Tell whether the path still names the open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def remove_if_dead(path: Path) -> bool:
    """Unlink a file unless a living process holds its lock; tell whether it went."""
    descriptor = try_lock(path)
    if descriptor is None:
        return False
    try:
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
    return True


@contextmanager
def waiting_lock(path: Path) -> Iterator[None]:
    """Hold a lock file that is never deleted, waiting for it; for sections of milliseconds."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
