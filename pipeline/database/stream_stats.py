"""What is on, over all accounts, and what was measured of it. See ``port``."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pipeline.core.minutes import Minute
from schemas.identity import Playback
from schemas.streams import SessionId, StreamId, StreamState
from schemas.vocabulary import AssetId


@dataclass(frozen=True)
class OnAirRow:
    """A broadcast that is on, with what is shown of its stream."""

    #: Of the broadcast.
    id: SessionId
    stream_id: StreamId
    asset_id: AssetId
    title: str
    description: str
    opened_at: datetime
    #: By the database's clock.
    age_s: float
    now_s: float
    #: Its publisher was cut off and may still come back.
    is_away: bool
    peak_viewers: int
    #: What the door measures, and what the live task tells.
    facts: Mapping[str, Any]
    live_facts: Mapping[str, Any]
    #: Of its first picture, where there is one.
    poster_key: str | None


@dataclass(frozen=True)
class BroadcastStat:
    """How a broadcast does."""

    id: SessionId
    is_away: bool
    #: By the database's clock, up to its end.
    duration_s: float
    received_bytes: int
    peak_viewers: int
    facts: Mapping[str, Any]
    live_facts: Mapping[str, Any]


@dataclass(frozen=True)
class StatRow:
    """How a stream does."""

    id: StreamId
    account: str
    state: StreamState
    started_at: datetime | None
    #: The one that is on, or was last.
    broadcast: BroadcastStat | None


@dataclass(frozen=True)
class StreamGate:
    """Who may watch a stream."""

    account: str
    playback: Playback
    playback_epoch: int


@dataclass(frozen=True)
class MinuteRow:
    """A minute of a broadcast, as kept."""

    #: Of the broadcast.
    id: SessionId
    #: When it began, in seconds since 1970.
    minute_at_s: int
    minute: Minute


class StreamStatRows(Protocol):
    """Broadcasts as those see them who look at many."""

    def on_air(
        self, after: tuple[float, str] | None, limit: int, *, is_public: bool = False
    ) -> list[tuple[float, OnAirRow]]:
        """List what is not over, newest first, with the key of each for the next page.

        Args:
            is_public: only of streams that may be listed for everybody.
        """

    def latest(self, stream_ids: Collection[StreamId]) -> list[StatRow]:
        """Tell how streams do; those that are not there are left out."""

    def gates(self, stream_ids: Collection[StreamId]) -> Mapping[StreamId, StreamGate]:
        """Tell who may watch streams; those that are not there are left out."""

    def raise_peaks(self, peaks: Mapping[SessionId, int]) -> None:
        """Note most viewers of broadcasts and their streams, where they are more than before."""

    def add_minutes(self, rows: Sequence[MinuteRow]) -> None:
        """Keep them; those kept before stay, and those of deleted streams are left out."""

    def minutes(
        self,
        stream_id: StreamId,
        after: tuple[float, str] | None,
        limit: int,
        *,
        session_id: SessionId | None = None,
        from_s: float | None = None,
    ) -> list[tuple[float, MinuteRow]]:
        """List a stream's, oldest first, with the key of each for the next page."""

    def trim_minutes(self, older_than_s: float, limit: int) -> int:
        """Forget some of those older than so many seconds; return how many."""
