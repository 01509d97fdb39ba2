"""Viewers of one process."""

import time
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from pipeline.audience.port import Crowd, ViewerKind
from pipeline.audience.roll import Roll
from schemas.streams import StreamId

#: Streams nobody watches are looked for each time so many began to be watched.
_TIDY_EVERY = 256


class MemoryViewers:
    """One roll per stream, under a lock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rolls: dict[StreamId, Roll] = {}
        self._n_begun = 0

    def seen(self, stream_id: StreamId, viewers: Iterable[str], kind: ViewerKind) -> None:
        """Note that they are there."""
        with self._lock:
            now_s = time.monotonic()
            if stream_id not in self._rolls:
                self._tidy(now_s)
            self._rolls.setdefault(stream_id, Roll()).see(viewers, kind, now_s)

    def _tidy(self, now_s: float) -> None:
        self._n_begun += 1
        if self._n_begun % _TIDY_EVERY == 0:
            self._rolls = {key: one for key, one in self._rolls.items() if not one.is_over(now_s)}

    def left(self, stream_id: StreamId, viewers: Iterable[str], kind: ViewerKind) -> None:
        """Note that they are gone."""
        with self._lock:
            if roll := self._rolls.get(stream_id):
                roll.leave(viewers, kind)

    def count(
        self, stream_ids: Sequence[StreamId], *, takes_peaks: bool = False
    ) -> Mapping[StreamId, Crowd]:
        """Count each stream's."""
        with self._lock:
            now_s, nobodys = time.monotonic(), Roll()
            return {
                one: self._rolls.get(one, nobodys).crowd(now_s, takes_peak=takes_peaks)
                for one in stream_ids
            }

    def close(self) -> None:
        """Do nothing: there is no connection."""
