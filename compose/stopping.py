"""How a process of ours is asked to stop: SIGTERM or Ctrl-C once is polite, twice is not."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_EXIT_INTERRUPTED = 130


@contextmanager
def asked_to_stop() -> Iterator[Event]:
    """Give an event that is set by the first signal; the second one ends the process at once.

    Only for the main thread. Ending at once is safe: children die with us, and what ran is
    given to others when its lease is over.
    """
    stopping = Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            os._exit(_EXIT_INTERRUPTED)
        stopping.set()

    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
