"""Runs ffmpeg and its kin under limits; the only place of the product that starts processes.

``run`` is for ffmpeg (it reads its progress), ``capture`` and ``read_lines`` for programs that
answer on stdout. All three return only when the child and its whole group are gone.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Protocol

from pipeline.core.errors import ReelmillError, Stopped, WorkFailed, WorkStalled
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.child import Child
from workers.ffmpeg.failures import failure
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.progress import NO_PROGRESS, Progress, ProgressReader
from workers.ffmpeg.usage import Usage, cpu_s

#: How soon a stop is noticed.
_TICK_S = 0.05
#: How long a child may take to end by itself; a cancel must be over within two seconds.
_GRACE_S = 0.5
_LONGEST_LINE_BYTES = 1024 * 1024

#: Before everything else that ffmpeg is told.
FFMPEG_FLAGS = [
    # It must never read our terminal.
    "-nostdin",
    "-hide_banner",
    # The human status line; -progress says the same for machines.
    "-nostats",
    "-progress",
    "pipe:1",
    "-stats_period",
    "0.5",
    # `level` marks each line, so that errors can be counted; `repeat` keeps the count exact.
    "-loglevel",
    "repeat+level+warning",
]


@dataclass(frozen=True)
class Finished:
    """A child that ended with exit code 0, which is not yet success: check what it made."""

    stderr_tail: str
    #: Lines ffmpeg marked as errors while it went on: damage in the source, mostly.
    n_error_lines: int
    cpu_s: float
    #: The last progress report (``run`` only).
    last: Progress = NO_PROGRESS
    #: Frames and packets ffmpeg called corrupt.
    n_corrupt_lines: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was complained of."""
        return not self.n_error_lines and not self.n_corrupt_lines


class Reader(Protocol):
    """Takes a child's stdout."""

    @property
    def mark(self) -> object:
        """Something that changes whenever work went on."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""


def run(
    argv: Sequence[str],
    *,
    program: str,
    cage: Cage,
    limits: Limits,
    stop: Event,
    on_progress: Callable[[Progress], None] | None = None,
    on_said: Callable[[bytes], None] | None = None,
) -> Finished:
    """Run ffmpeg with ``argv`` (what follows the program's name) to its end.

    ``on_progress`` is called twice a second in the calling thread, ``on_said`` with each line of
    stderr. Raises Stopped within about
    half a second of ``stop``, WorkStalled, and what ``failures`` makes of a failed exit.
    """
    reader = ProgressReader(on_progress)
    child = _supervise([program, *FFMPEG_FLAGS, *argv], cage, limits, stop, reader, on_said)
    return _finished(child, reader.last)


def capture(argv: Sequence[str], *, program: str, cage: Cage, limits: Limits, stop: Event) -> bytes:
    """Run a program and return its stdout; more than ``limits.output_bytes`` is a failure."""
    reader = _Collector(limits.output_bytes)
    _supervise([program, *argv], cage, limits, stop, reader)
    return bytes(reader.data)


def read_lines(
    argv: Sequence[str],
    *,
    program: str,
    cage: Cage,
    limits: Limits,
    stop: Event,
    on_line: Callable[[bytes], None],
) -> Finished:
    """Run a program and pass on its stdout line by line, in flat memory."""
    return _finished(_supervise([program, *argv], cage, limits, stop, _Lines(on_line)))


def _finished(child: Child, last: Progress = NO_PROGRESS) -> Finished:
    said = child.stderr
    return Finished(said.text, said.n_error_lines, child.cpu_s, last, said.n_corrupt_lines)


def _supervise(
    command: Sequence[str],
    cage: Cage,
    limits: Limits,
    stop: Event,
    reader: Reader,
    on_said: Callable[[bytes], None] | None = None,
) -> Child:
    if stop.is_set():
        raise Stopped("asked to stop before the child started")
    with Child(command, cage=cage, limits=limits, on_stdout=reader.feed) as child:
        child.stderr.on_line = on_said
        watch, usage = _Watch(limits, partial(cpu_s, child.pid)), Usage(cage, limits)
        while child.pump(_TICK_S):
            reason = _reason_to_end(stop, watch, reader) or usage.check(child.pid)
            if reason is not None:
                child.end(_GRACE_S)
                raise reason
        exit_code = child.collect()
    if exit_code != 0:
        raise failure(Path(command[0]).name, exit_code, child.stderr.text)
    return child


def _reason_to_end(stop: Event, watch: "_Watch", reader: Reader) -> ReelmillError | None:
    if stop.is_set():
        return Stopped("asked to stop while a child ran")
    return watch.check(reader.mark)


class _Watch:
    """Wall clock and progress clock of one child, and how much of either it computed."""

    def __init__(self, limits: Limits, cpu_s: Callable[[], float]) -> None:
        self._limits = limits
        self._started_at = self._moved_at = time.monotonic()
        self._mark: object = None
        self._cpu_s = cpu_s
        self._moved_at_cpu_s = 0.0

    def check(self, mark: object) -> WorkStalled | None:
        now = time.monotonic()
        if mark != self._mark:
            self._mark, self._moved_at, self._moved_at_cpu_s = mark, now, self._cpu_s()
        stood_s, lasted_s = now - self._moved_at, now - self._started_at
        if stood_s > self._limits.stall_s:
            share = (self._cpu_s() - self._moved_at_cpu_s) / stood_s
            return WorkStalled(f"no progress for {self._limits.stall_s:g} s", cpu_share=share)
        if lasted_s > self._limits.wall_s:
            return WorkStalled(
                f"not done in {self._limits.wall_s:g} s",
                code="work.too_long",
                cpu_share=self._cpu_s() / lasted_s,
            )
        return None


class _Collector:
    """Keeps all of stdout, within a limit."""

    def __init__(self, limit_bytes: int | None) -> None:
        self.data = bytearray()
        self._limit_bytes = limit_bytes

    @property
    def mark(self) -> object:
        return len(self.data)

    def feed(self, data: bytes) -> None:
        self.data += data
        if self._limit_bytes is not None and len(self.data) > self._limit_bytes:
            raise WorkFailed(
                f"the answer is longer than {self._limit_bytes} bytes", code="work.answer_too_long"
            )


class _Lines:
    """Splits stdout into lines."""

    def __init__(self, on_line: Callable[[bytes], None]) -> None:
        self._on_line = on_line
        self._rest = b""
        self.mark: object = 0
        self._n_bytes = 0

    def feed(self, data: bytes) -> None:
        self._n_bytes += len(data)
        self.mark = self._n_bytes
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_LONGEST_LINE_BYTES]
        for line in lines:
            self._on_line(line)
