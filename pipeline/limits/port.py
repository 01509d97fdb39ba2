"""What is asked of a counter of requests."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Window:
    """How a request stands within the window it was counted in."""

    #: Requests of the window so far, this one included.
    n: int
    #: Until the window ends and counting begins anew.
    left_s: float


class Counter(Protocol):
    """Counts by fixed windows: one begins with its first request.

    Counting is exact over all who share the counter: no number is given twice in a window.
    """

    def count(self, key: str, *, window_s: float) -> Window:
        """Count one more under a key. Never raises and never waits for long."""

    def close(self) -> None:
        """Close connections."""
