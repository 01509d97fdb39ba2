"""How fast one publisher may send: what is over it waits in the network, not here."""

from dataclasses import dataclass

#: A pause of the network may be made up for by so many seconds' worth at once.
BURST_S = 5.0


@dataclass
class Pace:
    """A bucket that fills with time and is emptied by what comes: bits, or tags."""

    #: A second.
    limit: int
    _left: float = 0.0
    _filled_at_s: float | None = None

    def wait_s(self, n: int, *, now_s: float) -> float:
        """Count what came; tell how long not to read on.

        ``now_s`` is of a clock that never jumps.
        """
        since_s = BURST_S if self._filled_at_s is None else now_s - self._filled_at_s
        self._filled_at_s = now_s
        self._left = min(self.limit * BURST_S, self._left + since_s * self.limit) - n
        return max(0.0, -self._left / self.limit)
