"""Proves from inside which rungs of the ladder hold, by trying what they forbid; names those.

Started by ``ladder`` alone, through the very same entry as every child.
"""

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

_GET_NO_NEW_PRIVS = 39


def _files_hold(foreign: str) -> bool:
    try:
        os.close(os.open(foreign, os.O_RDONLY))
    except PermissionError:
        return True
    return False


def _calls_hold() -> bool:
    try:
        child = os.fork()
    except PermissionError:
        return True
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return False


def _rights_hold() -> bool:
    libc = ctypes.CDLL(None)
    header = ctypes.create_string_buffer((0x20080522).to_bytes(4, "little") + bytes(4))
    capabilities = ctypes.create_string_buffer(24)
    has_none = libc.capget(header, capabilities) == 0 and not any(capabilities.raw)
    return has_none and libc.prctl(_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1


def _is_apart(namespace: str, theirs: str) -> bool:
    return str(Path(f"/proc/self/ns/{namespace}").stat().st_ino) != theirs


def main() -> None:
    """Try each; the arguments are a foreign file and the parent's namespaces."""
    foreign, network, processes = sys.argv[1:]
    tries: dict[str, Callable[[], bool]] = {
        "files": lambda: _files_hold(foreign),
        "calls": _calls_hold,
        "rights": _rights_hold,
        "network": lambda: _is_apart("net", network),
        # It must also be its /proc that is seen, in which it is the first.
        "processes": lambda: (
            _is_apart("pid", processes)
            and os.getpid() == 1 == int(Path("/proc/self").readlink().name)
        ),
    }
    sys.stdout.write(" ".join(name for name, holds in tries.items() if holds()))


if __name__ == "__main__":
    main()
