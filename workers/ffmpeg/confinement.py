"""How a child is wrapped before it starts: dies with us, gains no rights, keeps its limits.

Every wrapper execs the next, so the child's process id is the program's own. No ``preexec_fn``:
it may deadlock in a process with threads.
"""

import shutil
import sys
from collections.abc import Sequence
from functools import cache

from workers.ffmpeg.limits import Limits

#: The same promises in Python for boxes without util-linux (slower to start, hence second).
_PYTHON_WRAPPER = """
import ctypes, os, resource, sys
prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl(1, 9, 0, 0, 0)   # PR_SET_PDEATHSIG, SIGKILL
prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
for kind, limit in ((resource.RLIMIT_FSIZE, sys.argv[1]), (resource.RLIMIT_DATA, sys.argv[2])):
    if limit != "-":
        resource.setrlimit(kind, (int(limit), int(limit)))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.nice(int(sys.argv[3]))
os.execv(sys.argv[4], sys.argv[4:])
"""


def confined(command: Sequence[str], limits: Limits) -> list[str]:
    """Put the wrappers of this box in front of a command whose program is an absolute path."""
    tools = _tools()
    if tools is None:
        return [*_python_prefix(limits), *command]
    setpriv, prlimit, nice = tools
    return [
        setpriv,
        # A worker killed with -9 must not leave an ffmpeg behind. The signal comes when the
        # thread that started the child ends, so that thread waits for it.
        "--pdeathsig",
        "KILL",
        "--no-new-privs",
        "--",
        prlimit,
        "--core=0",
        *_bounds(limits),
        "--",
        nice,
        "-n",
        str(limits.nice),
        "--",
        *command,
    ]


def _bounds(limits: Limits) -> list[str]:
    bounds = []
    if limits.output_bytes is not None:
        bounds.append(f"--fsize={limits.output_bytes}")
    if limits.memory_bytes is not None:
        bounds.append(f"--data={limits.memory_bytes}")
    return bounds


def _python_prefix(limits: Limits) -> list[str]:
    fsize = "-" if limits.output_bytes is None else str(limits.output_bytes)
    data = "-" if limits.memory_bytes is None else str(limits.memory_bytes)
    return [sys.executable, "-I", "-S", "-c", _PYTHON_WRAPPER, fsize, data, str(limits.nice)]


@cache
def _tools() -> tuple[str, str, str] | None:
    found = [shutil.which(name) for name in ("setpriv", "prlimit", "nice")]
    setpriv, prlimit, nice = found
    return (setpriv, prlimit, nice) if setpriv and prlimit and nice else None
