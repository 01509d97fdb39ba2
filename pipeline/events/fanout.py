"""Delivery inside one process, shared by all buses."""

from collections.abc import Callable
from threading import Lock, RLock

from pipeline.events.port import BusMessage

Deliver = Callable[[BusMessage], None]


class Fanout:
    """The subscribers of one process. Theirs must be quick and must not raise."""

    def __init__(self) -> None:
        self._subscribers: tuple[FanoutSubscription, ...] = ()
        self._lock = Lock()

    def add(self, deliver: Deliver) -> "FanoutSubscription":
        """Add a subscriber."""
        subscription = FanoutSubscription(self, deliver)
        with self._lock:
            self._subscribers = (*self._subscribers, subscription)
        return subscription

    def remove(self, subscription: "FanoutSubscription") -> None:
        """Remove a subscriber, if it is still there."""
        with self._lock:
            self._subscribers = tuple(x for x in self._subscribers if x is not subscription)

    def deliver(self, message: BusMessage) -> None:
        """Hand a message to every subscriber."""
        for subscription in self._subscribers:
            subscription.deliver(message)


class FanoutSubscription:
    """One subscriber; once closed it is not called again."""

    def __init__(self, fanout: Fanout, deliver: Deliver) -> None:
        self._fanout = fanout
        self._deliver = deliver
        self._is_closed = False
        # Reentrant, so that a subscriber may close itself while it is called.
        self._lock = RLock()

    def deliver(self, message: BusMessage) -> None:
        """Call the subscriber."""
        with self._lock:
            if not self._is_closed:
                self._deliver(message)

    def close(self) -> None:
        """Stop delivering; waits for a delivery that is going on."""
        self._fanout.remove(self)
        with self._lock:
            self._is_closed = True
