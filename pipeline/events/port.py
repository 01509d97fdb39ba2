"""What the pipeline asks of a publish/subscribe bus."""

from collections.abc import Callable
from typing import Protocol

from schemas.events import EventsWaiting, ProgressTick, RingsWaiting
from schemas.uploads import UploadMoved, UploadWanted

BusMessage = ProgressTick | EventsWaiting | RingsWaiting | UploadMoved | UploadWanted


class Subscription(Protocol):
    """A running subscription."""

    def close(self) -> None:
        """Stop delivering; returns after the last delivery."""


class EventBus(Protocol):
    """Carries hints and progress between processes. What it loses, nobody misses for long."""

    def publish(self, message: BusMessage) -> None:
        """Send without blocking and without raising.

        Progress is latest-wins per task while the bus is slow or away.
        """

    def subscribe(self, deliver: Callable[[BusMessage], None]) -> Subscription:
        """Call ``deliver`` for each message from now on, on a thread of the bus.

        After an outage it goes on by itself; messages in between are lost.
        """

    def check(self) -> None:
        """Raise Unavailable unless the bus answers now."""

    def close(self) -> None:
        """Stop all threads and connections."""
