"""Sending without blocking the sender: latest wins, on a thread of its own.

What reports progress reads the pipe of a running ffmpeg; were it held up by a slow bus,
ffmpeg itself would stand still.
"""

from collections.abc import Callable
from threading import Condition, Thread

from pipeline.events.port import BusMessage
from schemas.events import ProgressTick
from schemas.uploads import UploadMoved, UploadWanted

#: Slots kept while the bus is away, far more than one process runs tasks.
_MAX_WAITING = 10_000


class Pump:
    """Hands on the newest message of each task and upload, and one of each hint for any number.

    Args:
        send: sends one message and tells whether it went; must not raise.
        rest_s: how long to let the bus alone after a failure.
    """

    def __init__(self, send: Callable[[BusMessage], bool], *, rest_s: float = 1.0) -> None:
        self._send = send
        self._rest_s = rest_s
        self._waiting: dict[str, BusMessage] = {}
        self._changed = Condition()
        self._is_closed = False
        self._thread: Thread | None = None

    def put(self, message: BusMessage) -> None:
        """Leave a message and return at once; the thread starts with the first."""
        with self._changed:
            if self._is_closed:
                return
            slot = _slot(message)
            if slot not in self._waiting and len(self._waiting) >= _MAX_WAITING:
                return
            self._waiting[slot] = message
            self._changed.notify()
            if self._thread is None:
                self._thread = Thread(target=self._run, name="bus-pump", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop after the message that is being sent; what waits is forgotten."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (message := self._take()) is not None:
            if not self._send(message):
                self._rest()

    def _take(self) -> BusMessage | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._waiting)
            if self._is_closed:
                return None
            return self._waiting.pop(next(iter(self._waiting)))

    def _rest(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, self._rest_s)


def _slot(message: BusMessage) -> str:
    if isinstance(message, ProgressTick):
        return message.task_id
    if isinstance(message, (UploadMoved, UploadWanted)):
        return f"{message.type} {message.upload_id}"
    return message.type
