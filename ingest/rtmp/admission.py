"""How many may connect, and how slowly whoever tries keys is answered."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable

#: What the first wrong key costs, and the most one does.
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 16.0
#: Who was quiet for so long begins anew.
FORGET_S = 600.0
_MOST_ADDRESSES = 10_000


class Doorkeeper:
    """Counts connections; on the door's loop."""

    def __init__(self, *, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._of: Counter[str] = Counter()

    @property
    def n_connections(self) -> int:
        """How many are in."""
        return self._of.total()

    def enter(self, address: str) -> bool:
        """Let one in, if there is room."""
        is_full = self._of.total() >= self._most or self._of[address] >= self._most_per_address
        if is_full:
            return False
        self._of[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Let one out."""
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]


class WrongKeys:
    """Makes each wrong key of an address cost a longer wait than the one before."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def failed(self, address: str) -> float:
        """Count one; tell for how many seconds its answer is held back."""
        now_s = self._clock()
        n, last_at_s = self._failures.pop(address, (0, now_s))
        n = 0 if now_s - last_at_s > FORGET_S else n
        self._failures[address] = n + 1, now_s
        if len(self._failures) > _MOST_ADDRESSES:
            self._failures.popitem(last=False)
        return float(min(FIRST_WAIT_S * 2 ** min(n, 10), LONGEST_WAIT_S))
