"""What a child reads on its standard input, written as it takes it: nobody ever waits for it."""

import os
import selectors
from collections import deque
from contextlib import suppress
from typing import IO

#: Small enough that a pipe takes it whole.
_WRITE_BYTES = 64 * 1024


class Feed:
    """A queue of bytes into a pipe; whoever pumps the child calls ``write`` when there is room."""

    def __init__(self, pipe: IO[bytes] | None, selector: selectors.BaseSelector) -> None:
        self._pipe = pipe
        self._selector = selector
        self._waiting: deque[memoryview] = deque()
        self._is_heard = False
        self._is_ending = False
        #: What the child has not taken yet.
        self.waiting_bytes = 0
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)

    def add(self, data: bytes) -> None:
        """Have the child read this next; what it does not want any more is let go."""
        if self._pipe is None or not data:
            return
        self._waiting.append(memoryview(data))
        self.waiting_bytes += len(data)
        self._hear()

    def end(self) -> None:
        """Let the child find an end behind what it was given."""
        self._is_ending = True
        if not self._waiting:
            self.close()

    def write(self) -> None:
        """Write what fits in now."""
        if self._pipe is None:
            return
        while self._waiting:
            head = self._waiting[0][:_WRITE_BYTES]
            try:
                n_bytes = os.write(self._pipe.fileno(), head)
            except BlockingIOError:
                return
            except OSError:
                # It has ended, or closed its input: its exit code tells what became of it.
                self.close()
                return
            self._taken(n_bytes)
        if self._is_ending:
            self.close()
        elif self._is_heard:
            self._selector.unregister(self._pipe)
            self._is_heard = False

    def close(self) -> None:
        """Write no more. Safe to repeat."""
        if self._pipe is None:
            return
        if self._is_heard:
            self._selector.unregister(self._pipe)
        # Closing a pipe nobody reads says so once more.
        with suppress(OSError):
            self._pipe.close()
        self._pipe = None
        self._waiting.clear()
        self.waiting_bytes = 0

    def _taken(self, n_bytes: int) -> None:
        self.waiting_bytes -= n_bytes
        head = self._waiting[0]
        if n_bytes == len(head):
            self._waiting.popleft()
        else:
            self._waiting[0] = head[n_bytes:]

    def _hear(self) -> None:
        if not self._is_heard and self._pipe is not None:
            self._selector.register(self._pipe, selectors.EVENT_WRITE, self.write)
            self._is_heard = True
