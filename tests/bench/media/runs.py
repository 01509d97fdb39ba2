"""What a run took: seconds on the wall, CPU seconds, bytes."""

import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One command that ended well."""

    wall_s: float
    cpu_s: float


def timed(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, cores: str = ""
) -> Run:
    """Run a command to its end and tell what it and its children took; output is thrown away."""
    pinned = ["taskset", "-c", cores] if cores else []
    before = _children_cpu_s()
    started_at = time.monotonic()
    done = subprocess.run(
        [*pinned, *argv], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    wall_s = time.monotonic() - started_at
    if done.returncode:
        raise RuntimeError(f"{argv[0]} ended with {done.returncode}: {done.stderr[-1000:]}")
    return Run(wall_s, _children_cpu_s() - before)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def median(values: Sequence[float]) -> float:
    """Find the middle value, or the mean of the middle two."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def two_cores() -> tuple[int, int]:
    """Name the cores that everything runs on; one twice where there is but one."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[min(1, len(mine) - 1)]


def size_bytes(folder: Path) -> int:
    """Add up the media segments below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*.m4s"))
