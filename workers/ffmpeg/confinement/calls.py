"""The system calls a child is refused, as a seccomp filter (``man 2 seccomp``, filter mode).

A list of what decoders never need, not of what they do: builds and drivers differ too much for
the latter. Whatever is newer than this list does not exist for a child. Threads may be started,
processes may not, so that a child is one process from its start to its end.
"""

import errno
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from workers.ffmpeg.confinement.numbers import NUMBERS

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
#: The first number this list does not know; on x86-64 the calls of the x32 ABI lie above it too.
_FIRST_UNKNOWN = 463

#: Refused outright.
_REFUSED = """
    ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp
    pidfd_open pidfd_getfd pidfd_send_signal tkill migrate_pages move_pages
    mount umount2 pivot_root chroot move_mount open_tree mount_setattr
    fsopen fsconfig fsmount fspick unshare setns
    bpf perf_event_open userfaultfd keyctl add_key request_key
    init_module finit_module delete_module kexec_load kexec_file_load reboot
    swapon swapoff sethostname setdomainname acct quotactl quotactl_fd
    settimeofday clock_settime clock_adjtime adjtimex syslog iopl ioperm personality vhangup
    socketpair connect accept accept4 sendto sendmsg sendmmsg
    memfd_create memfd_secret shmget shmat shmctl msgget msgsnd msgrcv msgctl
    semget semop semctl semtimedop mq_open mq_unlink
    symlink symlinkat link linkat mknod mknodat truncate
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat
    utime utimes utimensat futimesat
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
    name_to_handle_at open_by_handle_at fanotify_init fanotify_mark
    setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid
    capset setsid setpgid setpriority ioprio_set
    fork vfork execveat
"""
#: Refused unless a GPU is used: CUDA listens on a nameless unix socket, and does not start if
#: it may not. It cannot connect to one, and gets no socket of another family.
_REFUSED_WITHOUT_GPU = "socket bind listen"
#: Said not to exist, so that libraries fall back to what can be looked into.
_ABSENT = "clone3 openat2 io_uring_setup io_uring_enter io_uring_register"

_CLONE_THREAD = 0x10000
_SHARED_ANONYMOUS = 0x21
_O_ACCMODE, _O_TRUNC, _O_TMPFILE = 0x3, 0x200, 0x400000
_AF_UNIX = 1
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
#: Stands for the child's own process id, which only the child knows.
_OWN_PID = -1


@dataclass(frozen=True)
class _Guard:
    """A call that is allowed only while one argument is as it should be."""

    name: str
    argument: int
    must: Literal["equal", "differ"]
    value: int
    #: What of the argument is compared.
    mask: int = 0xFFFFFFFF


_GUARDS = (
    # glibc ends itself by these; anyone else is out of reach.
    *(
        _Guard(name, 0, "equal", _OWN_PID)
        for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
    ),
    _Guard("clone", 0, "equal", _CLONE_THREAD, _CLONE_THREAD),
    # Its own limits and threads only.
    _Guard("prlimit64", 0, "equal", 0),
    *(
        _Guard(name, 0, "equal", 0)
        for name in ("sched_setscheduler", "sched_setparam", "sched_setattr")
    ),
    # It must die with its parent, and have no children to outlive it.
    _Guard("prctl", 0, "differ", _PR_SET_PDEATHSIG),
    _Guard("prctl", 0, "differ", _PR_SET_CHILD_SUBREAPER),
    # Files that the disk quota does not see.
    _Guard("open", 1, "differ", _O_TMPFILE, _O_TMPFILE),
    _Guard("openat", 2, "differ", _O_TMPFILE, _O_TMPFILE),
    # Opened to be read, and emptied: Landlock before version 3 looks at the former only.
    _Guard("open", 1, "differ", _O_TRUNC, _O_TRUNC | _O_ACCMODE),
    _Guard("openat", 2, "differ", _O_TRUNC, _O_TRUNC | _O_ACCMODE),
)
#: Memory that RLIMIT_DATA does not count; CUDA needs some.
_GUARDS_WITHOUT_GPU = (_Guard("mmap", 3, "differ", _SHARED_ANONYMOUS, _SHARED_ANONYMOUS),)
_GUARDS_WITH_GPU = (_Guard("socket", 0, "equal", _AF_UNIX),)

# Classic BPF: load a word, compare, mask, return.
_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_Instruction = tuple[int, int, int, int]


def is_known(machine: str) -> bool:
    """Tell whether the numbers of a machine's system calls are known (``platform.machine()``)."""
    return machine in _AUDIT_ARCH


@cache
def program(machine: str, *, use_gpu: bool) -> tuple[bytes, tuple[int, ...]]:
    """Assemble the filter for a machine, and say at which bytes the own process id belongs."""
    instructions = tuple(_instructions(machine, use_gpu=use_gpu))
    holes = tuple(
        8 * n + 4 for n, instruction in enumerate(instructions) if instruction[3] == _OWN_PID
    )
    return b"".join(
        struct.pack("<HBBI", code, yes, no, value & 0xFFFFFFFF)
        for code, yes, no, value in instructions
    ), holes


def _instructions(machine: str, *, use_gpu: bool) -> Iterator[_Instruction]:
    numbers = NUMBERS[machine]
    yield (_LOAD, 0, 0, _ARCH_AT)
    yield (_EQUAL, 1, 0, _AUDIT_ARCH[machine])
    yield (_RETURN, 0, 0, _KILL)
    yield (_LOAD, 0, 0, _NUMBER_AT)
    yield (_AT_LEAST, 0, 1, _FIRST_UNKNOWN)
    yield (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)
    refused = _REFUSED if use_gpu else _REFUSED + _REFUSED_WITHOUT_GPU
    for names, error in ((refused, errno.EPERM), (_ABSENT, errno.ENOSYS)):
        for name in names.split():
            # Older machines have older calls: the newer ones lack them.
            if name in numbers:
                yield (_EQUAL, 0, 1, numbers[name])
                yield (_RETURN, 0, 0, _ERRNO | error)
    for guard in (*_GUARDS, *(_GUARDS_WITH_GPU if use_gpu else _GUARDS_WITHOUT_GPU)):
        if guard.name in numbers:
            yield from _guarded(guard, numbers[guard.name])
    yield (_RETURN, 0, 0, _ALLOW)


def _guarded(guard: _Guard, number: int) -> Iterator[_Instruction]:
    is_wanted = guard.must == "equal"
    yield (_LOAD, 0, 0, _NUMBER_AT)
    yield (_EQUAL, 0, 4, number)
    # The low half of an argument: all of these are ints, or flags of the low half.
    yield (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * guard.argument)
    yield (_AND, 0, 0, guard.mask)
    yield (_EQUAL, int(is_wanted), int(not is_wanted), guard.value)
    yield (_RETURN, 0, 0, _ERRNO | errno.EPERM)
