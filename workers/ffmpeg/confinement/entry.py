"""Shuts itself in as it was ordered to and becomes the child; started by ``order`` alone.

Run by its path, isolated and without site packages: it imports little, nothing of ours, and
takes some 25 ms. Everything is done to itself, in the one order in which each step still may;
the first that fails ends it, so that no child runs with less than was ordered. Written for a
process of one thread: ``preexec_fn`` would run in the middle of ours, where it may deadlock.
"""

import ctypes
import marshal
import os
import resource
import signal
import stat
import sys
from typing import Any, NoReturn

#: Exit codes: not shut in; not started (the shell's word for it).
NOT_CONFINED, NOT_STARTED = 125, 127

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long

# <linux/sched.h>
_NEWNS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = (
    *(0x00020000, 0x08000000, 0x10000000),
    *(0x20000000, 0x40000000),
)
# <sys/mount.h>
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
# <linux/prctl.h>
_SET_PDEATHSIG, _CAPBSET_DROP, _SET_SECUREBITS, _SET_NO_NEW_PRIVS = 1, 24, 28, 38
#: Root is nobody special, gains nothing by executing, and this cannot be undone.
_SECUREBITS = 0b101111
# System calls that libc does not wrap; Landlock's have the same numbers everywhere.
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_SET_MODE_FILTER, _SPEC_ALLOW = 1, 4


class _Refused(Exception):
    """A layer that was ordered is not to be had."""


def main() -> NoReturn:
    """Carry out the order in the first argument, then execute the rest."""
    order = marshal.loads(bytes.fromhex(sys.argv[1]))  # noqa: S302  made by our own parent
    command = sys.argv[2:]
    try:
        _enter(order)
    except _Refused as refused:
        _end(NOT_CONFINED, f"not confined: {refused}")
    try:
        os.execv(command[0], command)  # noqa: S606  there is no shell, on purpose
    except OSError as error:
        _end(NOT_STARTED, f"not started: {command[0]}: {error.strerror}")


def _end(code: int, words: str) -> NoReturn:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
    os._exit(code)


def _enter(order: dict[str, Any]) -> None:
    os.nice(order["nice"])
    # Before any change of namespaces: the parent must still be the parent by its number.
    _die_with_parent(order["parent"])
    _separate(order)
    ruleset = _open_ruleset(order["files"]) if order["files"] else None
    _call("rights", "prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _give_up_rights()
    if ruleset is not None:
        _call("files", "syscall", _LANDLOCK_RESTRICT, ruleset, 0)
        os.close(ruleset)
    for kind, limit in order["limits"]:
        _, most = resource.getrlimit(kind)
        bound = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(kind, (bound, bound))
    if order["calls"]:
        _filter_calls(*order["calls"])


def _die_with_parent(parent: int) -> None:
    _call("rights", "prctl", _SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent and os.getppid() != parent:
        _end(NOT_CONFINED, "the parent is gone")


def _separate(order: dict[str, Any]) -> None:
    if order["user"]:
        _become_own_user()
        # A change of credentials forgets it.
        _die_with_parent(order["parent"])
    if order["network"]:
        _call("network", "unshare", _NEWNET | _NEWIPC)
    if order["processes"]:
        _call("processes", "unshare", _NEWPID | _NEWNS)
        _continue_as_first()
        _call("processes", "mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
        flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
        _call("processes", "mount", b"proc", b"/proc", b"proc", flags, None)


def _become_own_user() -> None:
    """Enter a user namespace in which nobody but this user exists."""
    user, group = os.geteuid(), os.getegid()
    _call("user", "unshare", _NEWUSER)
    try:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123  pathlib is slow to import
                file.write(text)
    except OSError as error:
        raise _Refused(f"user: {error.strerror}") from error


def _continue_as_first() -> None:
    """Go on as the first process of the new namespace; what was this one waits and passes on."""
    alive, held = os.pipe()
    child = os.fork()
    if child:
        os.close(alive)
        _pass_on(child)
    os.close(held)
    _call("processes", "prctl", _SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before that was said; its end of the pipe tells.
    os.set_blocking(alive, False)
    try:
        os.read(alive, 1)
    except BlockingIOError:
        os.close(alive)
    else:
        os._exit(NOT_CONFINED)


def _pass_on(child: int) -> NoReturn:
    # The whole group is asked to end; the child answers for both.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, lambda *_: os.kill(child, signal.SIGKILL))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)


def _open_ruleset(files: tuple[bytes, int, int, tuple[tuple[str, int], ...]]) -> int:
    attributes, handled, file_rights, rules = files
    ruleset = _call("files", "syscall", _LANDLOCK_CREATE, attributes, len(attributes), 0)
    for path, rights in rules:
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # not there: nothing to allow
        is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
        granted = rights & handled & (-1 if is_folder else file_rights)
        beneath = granted.to_bytes(8, "little") + opened.to_bytes(4, "little")
        _call("files", "syscall", _LANDLOCK_ADD, ruleset, 1, beneath, 0)
        os.close(opened)
    return ruleset


def _give_up_rights() -> None:
    # Whoever may not change these has nothing to give up.
    for capability in range(64):
        if _LIBC.prctl(_CAPBSET_DROP, capability, 0, 0, 0):
            break
    _LIBC.prctl(_SET_SECUREBITS, _SECUREBITS, 0, 0, 0)
    header = (0x20080522).to_bytes(4, "little") + bytes(4)
    _call("rights", "capset", header, bytes(24))


def _filter_calls(number: int, program: bytes, holes: tuple[int, ...]) -> None:
    patched = bytearray(program)
    for hole in holes:
        patched[hole : hole + 4] = os.getpid().to_bytes(4, "little")
    code = ctypes.create_string_buffer(bytes(patched), len(patched))
    pointer = ctypes.addressof(code).to_bytes(8, "little")
    described = (len(patched) // 8).to_bytes(8, "little") + pointer
    # Without the flag, kernels before 5.16 slow the whole child down against Spectre.
    _call("calls", "syscall", number, _SET_MODE_FILTER, _SPEC_ALLOW, described)


def _call(layer: str, function: str, *arguments: int | bytes | None) -> int:
    """Call libc with 64-bit arguments."""
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    answer: int = getattr(_LIBC, function)(*wide)
    if answer < 0:
        raise _Refused(f"{layer}: {os.strerror(ctypes.get_errno())}")
    return answer


if __name__ == "__main__":
    main()
