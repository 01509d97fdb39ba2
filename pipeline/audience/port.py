"""What is asked of a count of viewers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from schemas.streams import StreamId


class ViewerKind(StrEnum):
    """How somebody watches."""

    #: By playlists and segments: nothing stays open, so each request for a playlist counts.
    HLS = "hls"
    #: By one answer without an end.
    FLV = "flv"
    #: The same through a websocket.
    WEBSOCKET = "websocket"


#: Seconds after which somebody of whom nothing was heard is gone. Players ask for a playlist
#: each target duration; connections are told of by whoever holds them, once in 3 s or so.
GONE_AFTER_S: Final[Mapping[ViewerKind, float]] = MappingProxyType(
    {ViewerKind.HLS: 15.0, ViewerKind.FLV: 10.0, ViewerKind.WEBSOCKET: 10.0}
)


@dataclass(frozen=True)
class Crowd:
    """Who watches one stream."""

    by_kind: Mapping[ViewerKind, int]
    #: Most at a time since peaks were last taken; now, if nobody has come since.
    peak: int

    @property
    def n(self) -> int:
        """Everybody."""
        return sum(self.by_kind.values())


class Viewers(Protocol):
    """Counts viewers over all who share it.

    A viewer is named by a text of up to 64 characters and counts once, however often it is
    seen. Nothing here raises or waits for long: watching never depends on being counted.
    """

    def seen(self, stream_id: StreamId, viewers: Iterable[str], kind: ViewerKind) -> None:
        """Note that they are there; others may hear of it a second later."""

    def left(self, stream_id: StreamId, viewers: Iterable[str], kind: ViewerKind) -> None:
        """Note that they are gone; who says nothing is gone in ``GONE_AFTER_S``."""

    def count(
        self, stream_ids: Sequence[StreamId], *, takes_peaks: bool = False
    ) -> Mapping[StreamId, Crowd] | None:
        """Count each stream's, what this process has seen included; None: nobody knows just now.

        Whoever takes peaks is told them and begins them anew; one process at a time does.
        """

    def close(self) -> None:
        """Tell what is not told yet, and close connections."""
