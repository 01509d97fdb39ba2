"""Room for work, counted over all queues of a listener."""

from threading import Condition


class Slots:
    """The free threads of one listener, counted over all its queues."""

    def __init__(self, n_slots: int) -> None:
        self.n_slots = n_slots
        self._n_free = n_slots
        self._is_closed = False
        self._changed = Condition()

    def take(self) -> bool:
        """Take a free slot, if there is one."""
        with self._changed:
            if self._is_closed or not self._n_free:
                return False
            self._n_free -= 1
            return True

    def give(self) -> None:
        """Give a slot back."""
        with self._changed:
            self._n_free += 1
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait until one is free, without taking it."""
        with self._changed:
            return self._changed.wait_for(self._is_open_and_free, timeout_s)

    def close(self) -> None:
        """Give out no more."""
        with self._changed:
            self._is_closed = True

    def _is_open_and_free(self) -> bool:
        return self._n_free > 0 and not self._is_closed
