"""What a child may open, as Landlock rules (``man 7 landlock``).

Landlock names files by what they are, not by their paths, so links lead to nothing more.
"""

import struct
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from workers.ffmpeg.cage import Cage

# Rights over the file system; LANDLOCK_ACCESS_FS_*.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << n for n in range(6))
_MAKE_DIR, _MAKE_FILE, _RENAME, _TRUNCATE, _IOCTL_DEV = (1 << n for n in (7, 8, 13, 14, 15))

_READ = _READ_FILE | _READ_DIR
#: No links, devices, sockets and pipes: ffmpeg writes files, and we trust what lies there.
_SCRATCH = (
    _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _RENAME | _TRUNCATE
)
_DEVICE = _READ | _WRITE_FILE | _IOCTL_DEV
#: What a file, not a folder, may be granted.
FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

#: How many rights each version of the interface knows, from version 1 on.
_N_RIGHTS = (13, 14, 15, 15, 16)
_NET_SINCE, _SCOPED_SINCE = 4, 6
_TCP_BIND_AND_CONNECT, _SOCKETS_AND_SIGNALS = 3, 3

#: Libraries, fonts, and what libraries ask of the machine. Nobody's secrets lie there.
_SYSTEM = (
    *("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64"),
    *("/usr/local/lib", "/usr/local/lib64", "/nix/store", "/gnu/store", "/etc/ld.so.cache"),
    *("/etc/fonts", "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig"),
    *("/var/cache/fontconfig", "/etc/localtime", "/usr/share/zoneinfo"),
    *("/dev/zero", "/dev/random", "/dev/urandom"),
    *("/sys/devices/system/cpu", "/sys/devices/system/node"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat"),
)
#: What drivers of GPUs read beside that.
_GPU_SYSTEM = (
    *("/usr/share", "/usr/local/cuda", "/usr/local/nvidia", "/opt/rocm", "/sys"),
    *("/etc/vulkan", "/etc/OpenCL", "/etc/nvidia", "/etc/glvnd"),
    *("/proc/driver", "/proc/devices", "/proc/modules", "/proc/sys/vm"),
)
_GPU_DEVICES = ("nvidia*", "nvidia-caps/*", "dri/*", "kfd", "dxg")

Rule = tuple[str, int]


def ruleset(abi: int) -> tuple[bytes, int]:
    """Make the ``landlock_ruleset_attr`` of a version: everything it knows is refused."""
    rights = (1 << _N_RIGHTS[min(abi, len(_N_RIGHTS)) - 1]) - 1
    net = _TCP_BIND_AND_CONNECT if abi >= _NET_SINCE else 0
    scoped = _SOCKETS_AND_SIGNALS if abi >= _SCOPED_SINCE else 0
    n_fields = 1 + (abi >= _NET_SINCE) + (abi >= _SCOPED_SINCE)
    return struct.pack("<QQQ", rights, net, scoped)[: 8 * n_fields], rights


def rules(program: str, cage: Cage) -> tuple[Rule, ...]:
    """Say what a child gets: its program and libraries, its inputs, its scratch folder."""
    granted: dict[str, int] = {}
    for path, rights in _rules(Path(program), cage):
        granted[path] = granted.get(path, 0) | rights
    return tuple(granted.items())


def _rules(program: Path, cage: Cage) -> Iterator[Rule]:
    for executed in (program, *_interpreter(program)):
        yield str(executed), _EXECUTE | _READ_FILE
    for path in chain(
        _SYSTEM,
        map(str, _beside(program.resolve())),
        (str(path.absolute()) for path in cage.readable),
    ):
        yield path, _READ
    yield "/dev/null", _READ_FILE | _WRITE_FILE
    if cage.scratch is not None:
        # Absolute, as all of them: the child starts in this very folder.
        yield str(cage.scratch.absolute()), _SCRATCH
    if cage.use_gpu:
        yield from ((path, _READ) for path in _GPU_SYSTEM)
        # CUDA names its threads, and does not start if it may not.
        yield "/proc/self", _READ | _WRITE_FILE | _TRUNCATE
        devices = chain.from_iterable(Path("/dev").glob(pattern) for pattern in _GPU_DEVICES)
        yield from ((str(device), _DEVICE) for device in devices)


def _beside(program: Path) -> Iterator[Path]:
    """Name the libraries that came with a program, wherever it was unpacked."""
    yield from (program.parent.parent / name for name in ("lib", "lib64"))
    yield program.parent / "lib"
    yield from program.parent.glob("*.so*")


def _interpreter(program: Path) -> Iterator[Path]:
    """Name what the kernel starts in a program's place: a script's shell, or the loader."""
    try:
        with program.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return
    if head.startswith(b"#!"):
        shell = Path(head[2:].split(maxsplit=1)[0].decode(errors="replace"))
        yield shell
        yield from _interpreter(shell)
    elif head.startswith(b"\x7fELF\x02"):
        yield from _loader(head)


def _loader(head: bytes) -> Iterator[Path]:
    """Read PT_INTERP of a 64-bit ELF file (``man 5 elf``)."""
    pt_interp = 3
    table_at, n_entries = (
        struct.unpack_from("<Q", head, 32)[0],
        struct.unpack_from("<H", head, 56)[0],
    )
    for at in range(table_at, min(table_at + 56 * n_entries, len(head) - 55), 56):
        kind, _, start, _, _, size = struct.unpack_from("<IIQQQQ", head, at)
        if kind == pt_interp:
            yield Path(head[start : start + size - 1].decode(errors="replace"))
