"""Viewers of one process by FLV: how many there may be, and that they are counted."""

import time
from threading import Lock

from pipeline.audience.port import ViewerKind, Viewers
from pipeline.core.errors import Refused
from pipeline.services.ids import new_id
from schemas.streams import StreamId

#: How often it is said that somebody is still there.
TELL_S = 3.0


class Seating:
    """The seats; each costs a thread while it is taken."""

    def __init__(self, capacity: int, viewers: Viewers) -> None:
        self._capacity = capacity
        self._viewers = viewers
        self._n_taken = 0
        self._lock = Lock()

    def take(self, stream_id: StreamId, kind: ViewerKind) -> "Seat":
        """Seat somebody.

        Raises:
            Refused: there is no seat left (``flv.full``).
        """
        with self._lock:
            if self._n_taken >= self._capacity:
                raise Refused(
                    "as many watch by FLV here as may",
                    code="flv.full",
                    remedy="Watch by HLS, or try again later.",
                )
            self._n_taken += 1
        return Seat(self, self._viewers, stream_id, kind)

    def give_back(self) -> None:
        """Have one more free."""
        with self._lock:
            self._n_taken -= 1


class Seat:
    """One viewer's, given up once."""

    def __init__(
        self, seating: Seating, viewers: Viewers, stream_id: StreamId, kind: ViewerKind
    ) -> None:
        self._seating = seating
        self._viewers = viewers
        self._stream_id = stream_id
        self._kind = kind
        self._name = new_id()
        self._told_at_s = float("-inf")
        self._is_taken = True

    def stay(self) -> None:
        """Say that it is still taken, as often as it takes."""
        now_s = time.monotonic()
        if now_s - self._told_at_s >= TELL_S:
            self._told_at_s = now_s
            self._viewers.seen(self._stream_id, [self._name], self._kind)

    def give_up(self) -> None:
        """Leave."""
        if self._is_taken:
            self._is_taken = False
            self._viewers.left(self._stream_id, [self._name], self._kind)
            self._seating.give_back()
