"""The filter of system calls, executed here instruction by instruction as a kernel would."""

import errno
import struct

import pytest

from workers.ffmpeg.confinement import calls
from workers.ffmpeg.confinement.numbers import NUMBERS

ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOWED, KILLED = 0x7FFF0000, 0x80000000
OWN_PID = 4711
#: What every decoder does, with its number on both machines.
ORDINARY = {"read": (0, 63), "write": (1, 64), "close": (3, 57), "munmap": (11, 215)}

on_each_machine = pytest.mark.parametrize("machine", NUMBERS)


def refusal(error: int) -> int:
    return 0x00050000 | error


def decide(
    machine: str, number: int, *arguments: int, arch: int | None = None, use_gpu: bool = False
) -> int:
    """Run the filter over one call (``struct seccomp_data``)."""
    code, holes = calls.program(machine, use_gpu=use_gpu)
    patched = bytearray(code)
    for hole in holes:
        patched[hole : hole + 4] = struct.pack("<I", OWN_PID)
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, arch or ARCH[machine], 0, *padded)
    at, word = 0, 0
    while True:
        operation, yes, no, value = struct.unpack_from("<HBBI", patched, 8 * at)
        at += 1
        if operation == 0x20:
            word = struct.unpack_from("<I", data, value)[0]
        elif operation == 0x54:
            word &= value
        elif operation == 0x15:
            at += yes if word == value else no
        elif operation == 0x35:
            at += yes if word >= value else no
        else:
            assert operation == 0x06
            return int(value)


@on_each_machine
def test_what_decoders_do_is_allowed(machine: str) -> None:
    for number in (each[list(NUMBERS).index(machine)] for each in ORDINARY.values()):
        assert decide(machine, number) == ALLOWED


@on_each_machine
@pytest.mark.parametrize("name", ["ptrace", "socket", "connect", "mount", "bpf", "symlinkat"])
def test_what_reaches_out_is_refused(machine: str, name: str) -> None:
    assert decide(machine, NUMBERS[machine][name]) == refusal(errno.EPERM)


@on_each_machine
def test_what_is_newer_than_the_list_does_not_exist(machine: str) -> None:
    x32 = 0x40000000

    for number in (463, 500, x32 | 41):
        assert decide(machine, number) == refusal(errno.ENOSYS)
    assert decide(machine, NUMBERS[machine]["clone3"]) == refusal(errno.ENOSYS)


@on_each_machine
def test_calls_of_another_architecture_kill(machine: str) -> None:
    i386 = 0x40000003

    assert decide(machine, 0, arch=i386) == KILLED


@on_each_machine
def test_threads_are_allowed_and_processes_are_not(machine: str) -> None:
    thread, process = 0x3D0F00, 0x1200011

    assert decide(machine, NUMBERS[machine]["clone"], thread) == ALLOWED
    assert decide(machine, NUMBERS[machine]["clone"], process) == refusal(errno.EPERM)


@on_each_machine
def test_it_may_end_itself_and_nobody_else(machine: str) -> None:
    for name in ("kill", "tgkill"):
        assert decide(machine, NUMBERS[machine][name], OWN_PID, 6) == ALLOWED
        assert decide(machine, NUMBERS[machine][name], OWN_PID + 1, 6) == refusal(errno.EPERM)
        assert decide(machine, NUMBERS[machine][name], 2**64 - 1, 6) == refusal(errno.EPERM)


@on_each_machine
def test_only_memory_that_is_counted_is_given(machine: str) -> None:
    private_anonymous, shared_anonymous, shared_file = 0x22, 0x21, 0x01
    mmap = NUMBERS[machine]["mmap"]

    assert decide(machine, mmap, 0, 4096, 3, private_anonymous) == ALLOWED
    assert decide(machine, mmap, 0, 4096, 3, shared_file) == ALLOWED
    assert decide(machine, mmap, 0, 4096, 3, shared_anonymous) == refusal(errno.EPERM)


@on_each_machine
def test_the_signal_of_the_parents_death_stays(machine: str) -> None:
    prctl = NUMBERS[machine]["prctl"]
    set_pdeathsig, set_name = 1, 15

    assert decide(machine, prctl, set_pdeathsig) == refusal(errno.EPERM)
    assert decide(machine, prctl, set_name) == ALLOWED


@on_each_machine
def test_a_gpus_driver_may_listen_to_nobody(machine: str) -> None:
    af_unix, af_inet, af_netlink = 1, 2, 16
    numbers = NUMBERS[machine]

    assert decide(machine, numbers["socket"], af_unix, use_gpu=True) == ALLOWED
    assert decide(machine, numbers["bind"], 3, use_gpu=True) == ALLOWED
    for family in (af_inet, af_netlink):
        assert decide(machine, numbers["socket"], family, use_gpu=True) == refusal(errno.EPERM)
    for name in ("connect", "accept4", "sendmsg"):
        assert decide(machine, numbers[name], 3, use_gpu=True) == refusal(errno.EPERM)


@on_each_machine
def test_nothing_is_emptied_by_reading_it(machine: str) -> None:
    openat, here = NUMBERS[machine]["openat"], 2**64 - 100
    read, write, create, empty, nameless = 0o0, 0o1, 0o100, 0o1000, 0x410000

    assert decide(machine, openat, here, 0, read) == ALLOWED
    assert decide(machine, openat, here, 0, write | create | empty) == ALLOWED
    assert decide(machine, openat, here, 0, read | empty) == refusal(errno.EPERM)
    assert decide(machine, openat, here, 0, write | nameless) == refusal(errno.EPERM)
    assert decide(machine, NUMBERS[machine]["truncate"]) == refusal(errno.EPERM)
