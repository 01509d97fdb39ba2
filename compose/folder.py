"""One process per data folder: the embedded form's database and broker are its own."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import Conflict

LOCK_NAME = "reelmill.lock"


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Hold the folder for this process; the kernel lets go of it however the process ends.

    Raises:
        Conflict: another process holds it, or it cannot be made or written.
    """
    with _opened(data_dir) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _in_use(data_dir, descriptor) from error
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield


@contextmanager
def _opened(data_dir: Path) -> Iterator[int]:
    try:
        # What is private in it is private on this box too.
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Children must not inherit it: an ffmpeg that outlives us would hold the folder.
        descriptor = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise Conflict(
            f"The data folder {data_dir} cannot be used: {error.strerror}.",
            code="data_dir.unusable",
            remedy="Name a folder that you may write, with --data or REELMILL_DATA_DIR.",
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _in_use(data_dir: Path, descriptor: int) -> Conflict:
    owner = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
    return Conflict(
        f"The data folder {data_dir} is in use by another reelmill process (pid {owner}).",
        code="data_dir.in_use",
        remedy="Stop that process, or start this one with another --data folder.",
    )
