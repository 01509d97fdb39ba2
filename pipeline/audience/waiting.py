"""What a process has seen and not told yet: each viewer once, however often it asked."""

from collections.abc import Iterable
from threading import Lock
from typing import TypeAlias

from pipeline.audience.port import ViewerKind
from schemas.streams import StreamId

#: Of whom it is told, and how they watch.
Row: TypeAlias = tuple[StreamId, ViewerKind]


class Waiting:
    """Safe between threads; the last word about a viewer counts."""

    def __init__(self) -> None:
        self._lock = Lock()
        #: Viewer → whether it is there.
        self._news: dict[Row, dict[str, bool]] = {}

    def note(self, row: Row, viewers: Iterable[str], *, is_there: bool) -> None:
        """Keep it for the next telling."""
        with self._lock:
            self._news.setdefault(row, {}).update(dict.fromkeys(viewers, is_there))

    def take(self) -> dict[Row, dict[str, bool]]:
        """Take all of it."""
        with self._lock:
            news, self._news = self._news, {}
            return news
