"""Counting within one process."""

import time
from threading import Lock

from pipeline.limits.port import Window

#: Ended windows are looked for each time so many were begun.
_TIDY_EVERY = 1024


class MemoryCounter:
    """One number per key, under a lock; memory grows with the keys of the present windows only.

    The library `limits` has such a store too: it starts a thread for each burst of requests, and
    reads its numbers outside of the lock they grow under.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        #: Key → requests, end of the window.
        self._windows: dict[str, tuple[int, float]] = {}
        self._n_begun = 0

    def count(self, key: str, *, window_s: float) -> Window:
        """Count one more."""
        with self._lock:
            now = time.monotonic()
            n, ends_at = self._windows.get(key, (0, 0.0))
            if ends_at <= now:
                n, ends_at = 0, now + window_s
                self._tidy(now)
            self._windows[key] = (n + 1, ends_at)
            return Window(n + 1, ends_at - now)

    def _tidy(self, now: float) -> None:
        self._n_begun += 1
        if self._n_begun % _TIDY_EVERY == 0:
            self._windows = {key: one for key, one in self._windows.items() if one[1] > now}

    def close(self) -> None:
        """Do nothing: there is no connection."""
