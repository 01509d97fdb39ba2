"""ffmpeg that reads what we give it as it comes, for as long as it comes."""

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.core.errors import ReelmillError, WorkStalled
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.child import Child
from workers.ffmpeg.failures import failure
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.progress import Progress, ProgressReader
from workers.ffmpeg.run import FFMPEG_FLAGS
from workers.ffmpeg.usage import Usage

#: What it gets to end by itself once it is told to.
_GRACE_S = 0.5


class FedFfmpeg:
    """One running ffmpeg; leaving the ``with`` block leaves nothing of it alive."""

    def __init__(self, argv: Sequence[str], *, program: str, cage: Cage, limits: Limits) -> None:
        """Start it with ``argv``, what follows the program's name.

        Raises:
            WorkFailed: it did not start.
        """
        self._name = Path(program).name
        self._reader = ProgressReader(None)
        self._limits = limits
        command = [program, *FFMPEG_FLAGS, *argv]
        self._child = Child(
            command, cage=cage, limits=limits, on_stdout=self._reader.feed, is_fed=True
        )
        self._usage = Usage(cage, limits)
        self._mark: object = None
        self._moved_at_s = time.monotonic()
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def last(self) -> Progress:
        """How far it said it is."""
        return self._reader.last

    @property
    def waiting_bytes(self) -> int:
        """What it has not read yet."""
        return self._child.feed.waiting_bytes

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well."""
        return self._is_over

    @property
    def cpu_s(self) -> float:
        """CPU time it took; known once it has ended."""
        return self._child.cpu_s

    def add(self, data: bytes) -> None:
        """Have it read this next."""
        self._child.feed.add(data)

    def end(self) -> None:
        """Let it finish what it has; ``pump`` until it is over."""
        self._child.feed.end()

    def pump(self, timeout_s: float) -> None:
        """Give it what it takes and hear what it says, for so long at most.

        Raises:
            WorkStalled: it reads nothing although it could, and makes nothing.
            What ``failures`` makes of a failed exit.
        """
        if self._is_over:
            return
        if self._child.pump(timeout_s):
            reason = self._stalled() or self._usage.check(self._child.pid)
            if reason is not None:
                self._child.end(_GRACE_S)
                raise reason
            return
        exit_code = self._child.collect()
        self._is_over = True
        if exit_code != 0:
            raise failure(self._name, exit_code, self._child.stderr.text)

    def kill(self) -> None:
        """End it at once. Safe to repeat."""
        self._child.__exit__(None, None, None)
        self._is_over = True

    def _stalled(self) -> ReelmillError | None:
        now_s = time.monotonic()
        mark = (self._reader.mark, self.waiting_bytes)
        # Nothing to read is no reason to make anything.
        if mark != self._mark or not self.waiting_bytes:
            self._mark, self._moved_at_s = mark, now_s
        if now_s - self._moved_at_s > self._limits.stall_s:
            return WorkStalled(f"no progress for {self._limits.stall_s:g} s")
        return None
