"""Whether a box keeps up with a publisher."""

from collections import deque

#: What speed is measured over.
_WINDOW_S = 10.0


class Pace:
    """Compares what came in with what was encoded, as both go on."""

    def __init__(self, *, behind_ms: int, slow_s: float) -> None:
        """Call it slow when so far behind, and slower than the publisher for so long."""
        self._behind_ms = behind_ms
        self._slow_s = slow_s
        self._marks: deque[tuple[float, int]] = deque()
        self._slow_since_s: float | None = None

    def note(self, now_s: float, read_ms: int, encoded_ms: int) -> None:
        """Take how far both are."""
        self._marks.append((now_s, encoded_ms))
        while self._marks[-1][0] - self._marks[0][0] > _WINDOW_S:
            self._marks.popleft()
        is_behind = read_ms - encoded_ms > self._behind_ms
        speed = self.speed
        if not is_behind or speed is None or speed >= 1.0:
            self._slow_since_s = None
        elif self._slow_since_s is None:
            self._slow_since_s = now_s

    @property
    def speed(self) -> float | None:
        """Media seconds done in a second, lately; None before anything can be told."""
        if len(self._marks) < 2:  # noqa: PLR2004  two marks are a stretch
            return None
        (first_s, first_ms), (last_s, last_ms) = self._marks[0], self._marks[-1]
        if last_s - first_s < min(1.0, self._slow_s):
            return None
        return (last_ms - first_ms) / 1000 / (last_s - first_s)

    def is_slow(self, now_s: float) -> bool:
        """Tell whether less must be made."""
        since_s = self._slow_since_s
        return since_s is not None and now_s - since_s >= self._slow_s
