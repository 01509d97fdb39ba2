"""What a running child has taken of the box beyond what its own limits count.

RLIMIT_FSIZE bounds each file and not their sum, no limit counts the threads of one child, and a
file that is open and has no name is in no folder. So the runner looks, a few times a second.
"""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pipeline.core.errors import WorkFailed
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits

#: How often files are counted; threads are at every look, they grow faster.
_INTERVAL_S = 0.25
#: No step of ours makes nearly as many.
_MOST_FILES = 50_000
_BLOCK_BYTES = 512
#: Positions in ``/proc/PID/stat``, behind the name (``man 5 proc``): number of threads, and CPU
#: time, the process's own and the system's for it.
_N_THREADS_AT = 17
_CPU_AT = slice(11, 13)


class Usage:
    """Watches one child; what lay in its scratch folder before it started is not its own."""

    def __init__(self, cage: Cage, limits: Limits) -> None:
        self._folder = cage.scratch if limits.scratch_bytes is not None else None
        self._limits = limits
        self._before_bytes = 0 if self._folder is None else _folder_bytes(self._folder)
        self._counted_at_s = 0.0

    def check(self, pid: int) -> WorkFailed | None:
        """Tell what the child has too much of."""
        pids = tuple(_family(pid))
        if sum(map(_n_threads, pids)) > self._limits.n_threads:
            return WorkFailed(
                f"more than {self._limits.n_threads} threads", code="work.too_many_threads"
            )
        now_s = time.monotonic()
        if self._folder is None or now_s - self._counted_at_s < _INTERVAL_S:
            return None
        self._counted_at_s = now_s
        return self._check_files(self._folder, pids)

    def _check_files(self, folder: Path, pids: Iterable[int]) -> WorkFailed | None:
        taken_bytes = _folder_bytes(folder) + sum(map(_nameless_bytes, pids)) - self._before_bytes
        if self._limits.scratch_bytes is None or taken_bytes <= self._limits.scratch_bytes:
            return None
        return WorkFailed(
            f"its files are larger than {self._limits.scratch_bytes} bytes together",
            code="work.output_too_large",
        )


def _folder_bytes(folder: Path) -> int:
    """Count the bytes on disk below a folder; too many files count as too many bytes."""
    n_bytes = n_files = 0
    waiting = [str(folder)]
    while waiting:
        # The child works there meanwhile: what is gone again takes nothing.
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    n_bytes += entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                n_files += 1
                if n_files > _MOST_FILES:
                    return 2**63
    return n_bytes


def _nameless_bytes(pid: int) -> int:
    """Count the bytes of files that a process holds open and that no folder names."""
    n_bytes = 0
    with suppress(OSError):
        for opened in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                status = opened.stat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    n_bytes += status.st_blocks * _BLOCK_BYTES
    return n_bytes


def _family(pid: int) -> Iterator[int]:
    """Name a child and what it started: in a namespace of processes it waits for the program."""
    yield pid
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
            yield from _family(int(child))


def cpu_s(pid: int) -> float:
    """Sum up the CPU time of a running child and of what it started."""
    n_ticks = sum(sum(map(int, _stat(each)[_CPU_AT])) for each in _family(pid))
    return n_ticks / os.sysconf("SC_CLK_TCK")


def _n_threads(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[_N_THREADS_AT]) if fields else 0


def _stat(pid: int) -> list[str]:
    """Read what ``/proc`` says of a process behind its name; nothing once it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return []
