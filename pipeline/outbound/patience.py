"""Waiting for others in short turns, so that a stop or a deadline is noticed at once."""

import time
from collections.abc import Callable
from typing import TypeVar

from pipeline.core.errors import Stopped, UrlUnreachable

T = TypeVar("T")

#: How soon a stop is noticed.
_LOOK_S = 0.25


class Patience:
    """What a call as a whole has left of its time."""

    def __init__(self, total_s: float | None, is_stopped: Callable[[], bool]) -> None:
        self._until_s = None if total_s is None else time.monotonic() + total_s
        self._head_until_s: float | None = None
        self._is_stopped = is_stopped

    def wait(self, step: Callable[[float], T], limit_s: float | None) -> T:
        """Repeat a step that waits so many seconds and raises TimeoutError until it succeeds.

        Raises:
            UrlUnreachable: ``url.timed_out``.
            Stopped: asked to.
        """
        until_s = self._deadline(limit_s)
        while True:
            if self._is_stopped():
                raise Stopped("asked to stop while waiting for another server")
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise UrlUnreachable("the server took too long", code="url.timed_out")
            try:
                return step(min(_LOOK_S, left_s))
            except TimeoutError as exc:
                if exc.errno is not None:  # the system's own, which ends the connection
                    raise UrlUnreachable("the connection broke off") from exc

    def hurry(self, limit_s: float | None) -> None:
        """Give all that follows so many seconds, until told otherwise by None."""
        self._head_until_s = None if limit_s is None else time.monotonic() + limit_s

    def _deadline(self, limit_s: float | None) -> float:
        limits = [] if limit_s is None else [time.monotonic() + limit_s]
        limits += [each for each in (self._until_s, self._head_until_s) if each is not None]
        return min(limits, default=float("inf"))
