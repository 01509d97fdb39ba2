"""What a decoder that was taken over might do: one hostile action, then what came of it.

Run by its path in place of ffmpeg, so it imports nothing of ours. Prints ``done`` where the action
succeeded and ``refused`` with the reason where it did not. Every action is one that is allowed
to an ordinary program of the same user, and does no harm to the box that tries it.
"""

import ctypes
import json
import mmap
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_MIB = 2**20
_PTRACE_SEIZE, _PTRACE_DETACH = 0x4206, 17
_CLONE_NEWUSER = 0x10000000
_IO_URING_SETUP, _MEMFD_CREATE = 425, 319 if os.uname().machine == "x86_64" else 279
_AT_HANDLE = 303 if os.uname().machine == "x86_64" else 264


def main() -> None:
    """Do the action of the first argument, with what the second says of the world."""
    world: dict[str, Any] = json.loads(sys.argv[2])
    try:
        (ACTIONS | OF_ROOT | BOMBS)[sys.argv[1]](world)
    except (OSError, MemoryError) as error:
        sys.stdout.write(f"refused: {error!r}")
    else:
        sys.stdout.write("done")


def _checked(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def _syscall(*arguments: Any) -> int:
    _LIBC.syscall.restype = ctypes.c_long
    return _checked(_LIBC.syscall(*arguments))


def _read(path: str) -> None:
    if not Path(path).read_bytes():
        raise OSError("it is empty")


def _read_own_environment(world: dict[str, Any]) -> None:
    if world["secret"] not in os.environ.values():  # noqa: TID251  that is what it is after
        raise OSError("it is not there")


def _say(family: int, kind: int, address: Any) -> None:
    with socket.socket(family, kind) as speaking:
        speaking.settimeout(2)
        speaking.connect(address)
        speaking.send(b"hello")


def _listen(_world: dict[str, Any]) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()


def _ask_netlink(_world: dict[str, Any]) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as asking:
        asking.bind((0, 0))


def _write(path: str) -> None:
    with Path(path).open("ab") as file:
        file.write(b"mine")


def _fork(_world: dict[str, Any]) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _spawn(_world: dict[str, Any]) -> None:
    subprocess.run(["/bin/true"], check=True)


def _become_another_program(_world: dict[str, Any]) -> None:
    os.execv("/bin/echo", ["echo", "-n", "done"])


def _trace(world: dict[str, Any]) -> None:
    _LIBC.ptrace.restype = ctypes.c_long
    _checked(_LIBC.ptrace(_PTRACE_SEIZE, world["victim"], None, None))


def _read_memory(world: dict[str, Any]) -> None:
    with Path(f"/proc/{world['victim']}/mem").open("rb", buffering=0) as memory:
        memory.seek(world["victim_address"])
        memory.read(8)


def _read_memory_by_call(world: dict[str, Any]) -> None:
    here = ctypes.create_string_buffer(8)
    pairs = (ctypes.c_ulong * 2)(ctypes.addressof(here), 8)
    theirs = (ctypes.c_ulong * 2)(world["victim_address"], 8)
    _checked(_LIBC.process_vm_readv(world["victim"], pairs, 1, theirs, 1, 0))


def _limit_the_parent(world: dict[str, Any]) -> None:
    ours = (ctypes.c_ulong * 2)()
    _checked(_LIBC.prlimit(world["victim"], 7, None, ours))
    _checked(_LIBC.prlimit(world["victim"], 7, ours, None))


def _gain_rights(_world: dict[str, Any]) -> None:
    _checked(_LIBC.unshare(_CLONE_NEWUSER))


def _outlive_the_parent(_world: dict[str, Any]) -> None:
    _checked(_LIBC.prctl(1, 0, 0, 0, 0))


def _leave_the_group(_world: dict[str, Any]) -> None:
    os.setsid()


def _rewrite_a_setting_of_the_kernel(_world: dict[str, Any]) -> None:
    path = Path("/proc/sys/kernel/core_pattern")
    path.write_bytes(path.read_bytes())


def _make_a_device(world: dict[str, Any]) -> None:
    os.mknod(f"{world['scratch']}/null", 0o20666, os.makedev(1, 3))


def _mount(world: dict[str, Any]) -> None:
    scratch = world["scratch"].encode()
    _checked(_LIBC.mount(b"none", scratch, b"tmpfs", 0, None))
    _checked(_LIBC.umount2(scratch, 0))


def _become_another_user(_world: dict[str, Any]) -> None:
    os.setresuid(12345, 12345, 12345)


def _take_memory(_world: dict[str, Any]) -> None:
    bytearray(400 * _MIB)


def _take_shared_memory(_world: dict[str, Any]) -> None:
    mmap.mmap(-1, 400 * _MIB)[:1] = b"x"


def _fill_the_disk(world: dict[str, Any]) -> None:
    for _ in range(24):
        Path(f"{world['scratch']}/{time.monotonic_ns()}").write_bytes(bytes(_MIB))
        time.sleep(0.05)


def _fill_the_disk_namelessly(world: dict[str, Any]) -> None:
    held = []
    for _ in range(24):
        path = Path(f"{world['scratch']}/{time.monotonic_ns()}")
        held.append(path.open("wb", buffering=0))
        path.unlink()
        held[-1].write(bytes(_MIB))
        time.sleep(0.05)


def _start_threads(_world: dict[str, Any]) -> None:
    threading.stack_size(64 * 1024)
    for _ in range(200):
        threading.Thread(target=time.sleep, args=(2,), daemon=True).start()
    time.sleep(1)


def _hide_a_file(world: dict[str, Any]) -> None:
    os.close(os.open(world["scratch"], os.O_TMPFILE | os.O_RDWR, 0o600))


ACTIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "read another asset": lambda world: _read(world["asset"]),
    "read the database": lambda world: _read(world["database"]),
    "read a file that only we may read": lambda world: _read(world["private"]),
    "list the data folder": lambda world: _checked(len([*Path(world["data"]).iterdir()]) - 1),
    "read the environment of the parent": lambda world: _read(f"/proc/{world['victim']}/environ"),
    "read the command line of the parent": lambda world: _read(f"/proc/{world['victim']}/cmdline"),
    "read the memory of the parent": _read_memory,
    "read the memory of the parent by a call": _read_memory_by_call,
    "find a secret in its own environment": _read_own_environment,
    "connect by TCP": lambda world: _say(
        socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", world["tcp"])
    ),
    "connect by TCP over IPv6": lambda world: _say(
        socket.AF_INET6, socket.SOCK_STREAM, ("::1", world["tcp6"])
    ),
    "send by UDP": lambda world: _say(
        socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", world["udp"])
    ),
    "connect to a socket of the parent": lambda world: _say(
        socket.AF_UNIX, socket.SOCK_STREAM, world["unix"]
    ),
    "connect to a nameless socket of the parent": lambda world: _say(
        socket.AF_UNIX, socket.SOCK_STREAM, "\0" + world["abstract"]
    ),
    "listen": _listen,
    "ask the kernel for its network": _ask_netlink,
    "write outside of its folder": lambda world: _write(f"{world['data']}/mine"),
    "write into its source": lambda world: _write(world["source"]),
    "cut its source short": lambda world: os.truncate(world["source"], 3),
    "empty its source by reading it": lambda world: os.close(
        os.open(world["source"], os.O_RDONLY | os.O_TRUNC)
    ),
    "delete its source": lambda world: Path(world["source"]).unlink(),
    "put something else in the place of its source": lambda world: Path(world["own"]).replace(
        world["source"]
    ),
    "let others write into its source": lambda world: Path(world["source"]).chmod(0o666),
    "change the times of its source": lambda world: os.utime(world["source"]),
    "link out of its folder": lambda world: Path(f"{world['scratch']}/link").symlink_to(
        world["database"]
    ),
    "name a foreign file in its folder": lambda world: os.link(
        world["asset"], f"{world['scratch']}/asset"
    ),
    "have a child": _fork,
    "start another program": _spawn,
    "become another program": _become_another_program,
    "signal the parent": lambda world: os.kill(world["victim"], 0),
    "signal everybody": lambda world: os.killpg(world["victim_group"], 0),
    "hold the parent by a descriptor": lambda world: os.close(os.pidfd_open(world["victim"])),
    "trace the parent": _trace,
    "limit the parent": _limit_the_parent,
    "gain rights in a namespace": _gain_rights,
    "outlive the parent": _outlive_the_parent,
    "leave the group": _leave_the_group,
    "have memory that nobody counts": lambda world: os.close(_syscall(_MEMFD_CREATE, b"", 0)),
    "call around the filter": lambda world: os.close(
        _syscall(_IO_URING_SETUP, 1, ctypes.create_string_buffer(120))
    ),
    "hide a file": _hide_a_file,
}
#: What only root could do anyway.
OF_ROOT: dict[str, Callable[[dict[str, Any]], None]] = {
    "rewrite a setting of the kernel": _rewrite_a_setting_of_the_kernel,
    "make a device": _make_a_device,
    "mount": _mount,
    "become another user": _become_another_user,
}
#: What is not refused but stopped.
BOMBS: dict[str, Callable[[dict[str, Any]], None]] = {
    "take memory": _take_memory,
    "take shared memory": _take_shared_memory,
    "fill the disk": _fill_the_disk,
    "fill the disk with nameless files": _fill_the_disk_namelessly,
    "start threads": _start_threads,
}


if __name__ == "__main__":
    main()
