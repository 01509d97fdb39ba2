"""When a piece of the spool is long enough."""

from dataclasses import dataclass

LONG_MS = 10_000
LARGE_BYTES = 8 * 2**20
#: A piece waits so long for a keyframe to end before, and is not let grow so large.
LONGEST_MS = 20_000
LARGEST_BYTES = 64 * 2**20
#: Clocks may run as they like, pieces cost files, requests and rows: so many come at once, and then
#: this many a second.
AT_ONCE, A_SECOND = 60.0, 1.0


@dataclass
class Cutting:
    """Decides tag by tag."""

    from_ms: int
    n_bytes: int = 0

    def is_due(self, ms: int, *, may_begin: bool) -> bool:
        """Tell whether a new piece begins with this tag.

        Args:
            ms: its time.
            may_begin: decoding can begin with it.
        """
        long_ms = ms - self.from_ms
        if long_ms >= LONGEST_MS or self.n_bytes >= LARGEST_BYTES:
            return True
        return may_begin and (long_ms >= LONG_MS or self.n_bytes >= LARGE_BYTES)


@dataclass
class Allowance:
    """Decides whether another piece may begin now: a token bucket."""

    at_s: float
    n_left: float = AT_ONCE

    def take(self, now_s: float) -> bool:
        """Take one; tell whether there was one."""
        self.n_left = min(AT_ONCE, self.n_left + (now_s - self.at_s) * A_SECOND)
        self.at_s = now_s
        if self.n_left < 1:
            return False
        self.n_left -= 1
        return True
