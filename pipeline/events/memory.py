"""The bus of one process."""

from collections.abc import Callable

from pipeline.events.fanout import Fanout
from pipeline.events.port import BusMessage, Subscription
from pipeline.events.pump import Pump


class MemoryBus:
    """Carries messages between threads."""

    def __init__(self) -> None:
        self._fanout = Fanout()
        self._pump = Pump(self._send)

    def publish(self, message: BusMessage) -> None:
        """Leave it to the bus's thread."""
        self._pump.put(message)

    def subscribe(self, deliver: Callable[[BusMessage], None]) -> Subscription:
        """Call ``deliver`` for each message from now on."""
        return self._fanout.add(deliver)

    def check(self) -> None:
        """Do nothing: memory answers."""

    def close(self) -> None:
        """Stop the thread."""
        self._pump.close()

    def _send(self, message: BusMessage) -> bool:
        self._fanout.deliver(message)
        return True
