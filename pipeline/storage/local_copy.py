"""Bringing an object onto this box: whole or not at all. Shared by every adapter."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import ScratchFull, WorkFailed

_FULL = {errno.ENOSPC, errno.EDQUOT}


def save(blocks: Iterable[bytes], path: Path) -> int:
    """Write the blocks into a new file, which appears when it is complete; return its size.

    Raises:
        ScratchFull: no room on this box.
        Whatever the blocks raise; nothing stays behind then.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with local_faults(part), part.open("wb") as copy:
            size_bytes = sum(copy.write(block) for block in blocks)
        with local_faults(path):
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return size_bytes


@contextmanager
def local_faults(path: Path) -> Iterator[None]:
    """Turn errors of this box's own disk into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ScratchFull(f"no room left for {path.name}") from error
        raise WorkFailed(f"{path.name}: {error.strerror or error}") from error
