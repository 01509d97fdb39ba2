"""What is on, over all accounts. See ``port``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from schemas.streams import SessionId, StreamId
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
    #: Its publisher was cut off and may still come back.
    is_away: bool
    #: What the door measures.
    facts: Mapping[str, Any]
    #: Of its first picture, where there is one.
    poster_key: str | None


class StreamStatRows(Protocol):
    """Broadcasts that are on."""

    def on_air(
        self, after: tuple[float, str] | None, limit: int, *, is_public: bool = False
    ) -> list[tuple[float, OnAirRow]]:
        """List what is not over, newest first, with the key of each for the next page.

        Args:
            is_public: only of streams that may be listed for everybody.
        """
