"""One child process: started confined, read, stopped with its whole group, always reaped.

Everything happens in the calling thread, over one selector: no reader threads to join, and the
thread that ``pdeathsig`` watches is the one that waits.
"""

import os
import select
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pipeline.core.errors import WorkFailed
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.confinement.ladder import ladder
from workers.ffmpeg.confinement.order import confined
from workers.ffmpeg.feed import Feed
from workers.ffmpeg.limits import Limits

#: Nothing of ours is inherited: no secrets, no locale, no proxies.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
_READ_BYTES = 64 * 1024
#: What the one who waits in between gets to end a child that was not asked, or did not listen.
_REAPING_S = 0.2
#: How much of the end of stderr is kept.
_TAIL_BYTES = 64 * 1024
_ERROR_MARKS = (b"[error]", b"[fatal]", b"[panic]")
#: Warnings of ffmpeg that mean damage: a frame put together from parts, a packet not whole.
_CORRUPT_MARKS = (b"corrupt decoded frame", b"corrupt input packet")


class StderrTail:
    """Keeps the end of stderr and counts lines that ffmpeg marked as errors, or as damage."""

    def __init__(self) -> None:
        self._tail = bytearray()
        self._rest = b""
        self.n_error_lines = 0
        self.n_corrupt_lines = 0
        #: Hears each whole line.
        self.on_line: Callable[[bytes], None] | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._tail += data
        del self._tail[:-_TAIL_BYTES]
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_READ_BYTES]
        for line in lines:
            self.n_error_lines += any(mark in line for mark in _ERROR_MARKS)
            self.n_corrupt_lines += any(mark in line for mark in _CORRUPT_MARKS)
            if self.on_line is not None:
                self.on_line(line)

    @property
    def text(self) -> str:
        """The end of what was said."""
        return self._tail.decode("utf-8", "replace")


class Child:
    """A running process group; leaving the ``with`` block leaves nothing of it alive."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cage: Cage,
        limits: Limits,
        on_stdout: Callable[[bytes], None],
        is_fed: bool = False,
    ) -> None:
        self.stderr = StderrTail()
        #: Negative: the signal that ended it. None while it runs.
        self.exit_code: int | None = None
        self.cpu_s = 0.0
        argv = confined(command, limits, cage, ladder().layers)
        self._process = _start(argv, cage.scratch or Path("/"), is_fed=is_fed)
        self._selector = selectors.DefaultSelector()
        self._pidfd = os.pidfd_open(self._process.pid)
        self._selector.register(self._pidfd, selectors.EVENT_READ, None)
        self._listen(self._process.stdout, on_stdout)
        self._listen(self._process.stderr, self.stderr.feed)
        #: What it reads, where it is fed.
        self.feed = Feed(self._process.stdin, self._selector)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reap()

    def pump(self, timeout_s: float) -> bool:
        """Pass on what the child said; tell whether it still runs. Wakes at once when it ends."""
        is_running = True
        for key, _ in self._selector.select(timeout_s):
            if key.fd == self._pidfd:
                is_running = False
            elif key.data == self.feed.write:
                self.feed.write()
            else:
                self._read(key)
        return is_running

    @property
    def pid(self) -> int:
        """The child's process, or the one that waits for it in its own namespace."""
        return self._process.pid

    def collect(self) -> int:
        """Take the exit code of an ended child and the last of what it said."""
        self.feed.close()
        self._signal(signal.SIGKILL)  # grandchildren that outlive it would hold the pipes open
        while any(key.fd != self._pidfd for key in self._selector.get_map().values()):
            for key, _ in self._selector.select(1.0):
                if key.fd != self._pidfd:
                    self._read(key)
        self._reap()
        return self.exit_code or 0

    def end(self, grace_s: float) -> None:
        """Ask the whole group to end, and after the grace make it."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while self.pump(max(0.0, deadline - time.monotonic())):
            if time.monotonic() >= deadline:
                break
        self._reap()

    def _listen(self, pipe: IO[bytes] | None, feed: Callable[[bytes], None]) -> None:
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, feed)

    def _read(self, key: selectors.SelectorKey) -> None:
        with suppress(BlockingIOError):
            data = os.read(key.fd, _READ_BYTES)
            if data:
                key.data(data)
            else:
                self._selector.unregister(key.fileobj)

    def _signal(self, number: signal.Signals) -> None:
        # Until it is reaped, the id of the child and of its group cannot belong to anyone else.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _is_over(self, patience_s: float) -> bool:
        ended = select.poll()
        ended.register(self._pidfd, select.POLLIN)
        return bool(ended.poll(patience_s * 1000))

    def _reap(self) -> None:
        if self.exit_code is not None:
            return
        if not self._is_over(0.0):
            # Whoever waits for the child in its namespace kills and reaps it: killed together
            # with it, he would leave a zombie to whatever process adopts orphans here.
            os.kill(self._process.pid, signal.SIGUSR1)
            self._is_over(_REAPING_S)
        self._signal(signal.SIGKILL)
        _, status, usage = os.wait4(self._process.pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
        # Popen must not wait for a process that is gone.
        self._process.returncode = self.exit_code
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.feed.close()
        self._selector.close()
        os.close(self._pidfd)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


def _start(argv: Sequence[str], cwd: Path, *, is_fed: bool) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE if is_fed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        raise WorkFailed(f"{argv[0]} did not start: {error}", code="work.tool_missing") from error
