"""What one child is ordered to do to itself before it becomes its program."""

import marshal
import math
import os
import platform
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.ffmpeg.cage import Cage
from workers.ffmpeg.confinement import calls, files
from workers.ffmpeg.limits import Limits

_ENTRY = Path(__file__).with_name("entry.py")
_SECCOMP = {"x86_64": 317, "aarch64": 277}
#: Far more than a child opens; drivers of GPUs open some for each thread.
_OPEN_FILES, _GPU_OPEN_FILES = 512, 4096
#: The wall clock is ours and comes first; this one holds when we are frozen.
_CPU_MARGIN_S = 60


@dataclass(frozen=True)
class Layers:
    """What of the ladder is used; rights are given up and limits set always."""

    #: Version of Landlock's interface; 0: none.
    landlock_abi: int = 0
    has_calls: bool = False
    has_network: bool = False
    has_processes: bool = False
    #: Whether namespaces need one of users around them, because we are not root.
    needs_user: bool = False

    @property
    def rungs(self) -> frozenset[str]:
        """Names of the rungs that are ordered."""
        ordered = {
            "files": self.landlock_abi > 0,
            "calls": self.has_calls,
            "rights": True,
            "network": self.has_network,
            "processes": self.has_processes,
        }
        return frozenset(name for name, is_ordered in ordered.items() if is_ordered)


def confined(
    command: Sequence[str], limits: Limits, cage: Cage, layers: Layers, *, parent: int | None = None
) -> list[str]:
    """Put the entry and its order in front of a command whose program is an absolute path.

    ``parent`` is the process that will start it, this one unless said; 0: whichever does.
    """
    order = {
        "parent": os.getpid() if parent is None else parent,
        "nice": limits.nice,
        "limits": _bounds(limits, cage),
        "user": layers.needs_user,
        "network": layers.has_network,
        "processes": layers.has_processes,
        "files": _files(command[0], cage, layers.landlock_abi),
        "calls": _calls(cage) if layers.has_calls else None,
    }
    # -I: nothing of ours or of the folder it runs in is imported. -S: no site packages, quick.
    return [sys.executable, "-I", "-S", str(_ENTRY), marshal.dumps(order).hex(), *command]


def _calls(cage: Cage) -> tuple[Any, ...]:
    machine = platform.machine()
    return _SECCOMP[machine], *calls.program(machine, use_gpu=cage.use_gpu)


def _files(program: str, cage: Cage, landlock_abi: int) -> tuple[Any, ...] | None:
    if not landlock_abi:
        return None
    attributes, handled = files.ruleset(landlock_abi)
    return attributes, handled, files.FILE_RIGHTS, files.rules(program, cage)


def _bounds(limits: Limits, cage: Cage) -> tuple[tuple[int, int], ...]:
    cpu_s = math.ceil(limits.wall_s * (os.cpu_count() or 1)) + _CPU_MARGIN_S
    bounds = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_NOFILE, _GPU_OPEN_FILES if cage.use_gpu else _OPEN_FILES),
    ]
    if limits.output_bytes is not None:
        bounds.append((resource.RLIMIT_FSIZE, limits.output_bytes))
    if limits.memory_bytes is not None:
        bounds.append((resource.RLIMIT_DATA, limits.memory_bytes))
    return tuple(bounds)
