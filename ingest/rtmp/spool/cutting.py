"""When a piece of the spool is long enough."""

from dataclasses import dataclass

LONG_MS = 10_000
LARGE_BYTES = 8 * 2**20
#: A piece waits so long for a keyframe to end before, and is not let grow so large.
LONGEST_MS = 20_000
LARGEST_BYTES = 64 * 2**20


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
