"""The publishing side of RabbitMQ: one connection per process, used under a lock."""

import time
from collections.abc import Callable, Sequence
from threading import Lock, Timer
from typing import TypeVar

from pipeline.broker.connecting import GONE, parameters
from pipeline.broker.link import Letter, Link, SilentBrokerError
from pipeline.core.errors import BrokerUnavailable

T = TypeVar("T")

#: The connection sends heartbeats only while it is used, so an idle one is closed before the
#: broker misses them.
_HEARTBEAT_S = 10
_IDLE_S = 5.0

#: Messages under way at once; the broker must confirm so many within the link's patience.
_BATCH = 500

#: Waits before each try to publish: a quorum queue that somebody is just making refuses
#: messages for a moment.
_REFUSED_WAITS_S = (0.0, 0.1, 0.3)


class Publisher:
    """Opens its connection at the first use and again after a failure."""

    def __init__(self, url: str) -> None:
        self._parameters = parameters(url, purpose="publisher", heartbeat_s=_HEARTBEAT_S)
        self._lock = Lock()
        self._link: Link | None = None
        self._used_at = 0.0
        self._idle_timer: Timer | None = None

    def ask(self, question: Callable[[Link], T]) -> T:
        """Call ``question`` with an open link.

        It is called again on a new one when an old one proves dead, so it must be harmless
        to repeat. Raises BrokerUnavailable.
        """
        with self._lock:
            was_open = self._link is not None
            try:
                return self._ask(question)
            except GONE as exc:
                self._drop()
                if not was_open or isinstance(exc, SilentBrokerError):
                    raise _unavailable(exc) from exc
            try:
                return self._ask(question)
            except GONE as exc:
                self._drop()
                raise _unavailable(exc) from exc

    def publish(self, letters: Sequence[Letter]) -> None:
        """Publish in order; returns when every message is confirmed safe in its queue.

        Confirms, not an AMQP transaction: RabbitMQ 3.10 answers commit-ok even for what a
        quorum queue refused. Raises BrokerUnavailable.
        """
        for start in range(0, len(letters), _BATCH):
            self._publish(letters[start : start + _BATCH])

    def close(self) -> None:
        """Close the connection; a later use opens it again."""
        with self._lock:
            self._drop()

    def _publish(self, letters: Sequence[Letter]) -> None:
        left = letters

        def send(link: Link) -> Sequence[Letter]:
            return link.publish(left)

        for wait_s in _REFUSED_WAITS_S:
            time.sleep(wait_s)
            left = self.ask(send)
            if not left:
                return
        raise BrokerUnavailable(f"RabbitMQ refused {len(left)} of {len(letters)} messages")

    def _ask(self, question: Callable[[Link], T]) -> T:
        if self._link is None:
            self._link = Link(self._parameters)
        answer = question(self._link)
        self._used_at = time.monotonic()
        if self._idle_timer is None:
            self._close_later(_IDLE_S)
        return answer

    def _drop(self) -> None:
        link, self._link = self._link, None
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if link is not None:
            link.close()

    def _close_later(self, wait_s: float) -> None:
        self._idle_timer = Timer(wait_s, self._close_if_idle)
        self._idle_timer.daemon = True
        self._idle_timer.start()

    def _close_if_idle(self) -> None:
        with self._lock:
            left_s = self._used_at + _IDLE_S - time.monotonic()
            if left_s > 0:
                self._close_later(left_s)
            else:
                self._drop()


def _unavailable(exc: BaseException) -> BrokerUnavailable:
    # Some of pika's errors carry no text, only their class says what happened.
    return BrokerUnavailable(f"RabbitMQ: {type(exc).__name__}: {exc}".rstrip(": "))
