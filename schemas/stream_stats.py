"""How a broadcast does: now, and minute by minute."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, RootModel
from pydantic.alias_generators import to_camel

from schemas.frozen import Frozen
from schemas.http import Page
from schemas.streams import Camel, SessionId, StreamId, StreamState


class Told(Frozen):
    """Facts of a broadcast's row; others may stand beside them, and any may be missing."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class DoorFacts(Told):
    """What the door measures of what its publisher sends."""

    video_codec: str | None = None
    audio_codec: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    frame_rate: float | None = None
    bitrate_bps: float | None = None
    keyframe_interval_s: float | None = None
    #: The publisher's clock minus ours, since it began.
    drift_ms: float | None = None
    #: Missing by gaps in the time stamps, since this publisher began.
    dropped_frames: int | None = None


class LadderFacts(Told):
    """What the live task tells of its work."""

    #: Seconds of media done per second; below 1 it falls behind.
    ladder_speed: float | None = None
    lag_ms: float | None = None
    #: Rungs that are not made just now, because it fell behind.
    thinned: tuple[str, ...] = ()


class WatchedStats(Camel):
    """How a stream does, as far as its viewers may know."""

    id: StreamId
    status: StreamState
    #: It is live, but its publisher was cut off and may still come back.
    is_reconnecting: bool
    #: Of the broadcast that is on, or was last.
    started_at: datetime | None
    #: Viewers now; None where nobody knows just now.
    viewer_count: int | None


class ViewersByKind(Camel):
    """Viewers now, by how they watch."""

    hls: int
    flv: int
    websocket: int


class StreamStats(WatchedStats):
    """How a stream does; what is not known, or not measured just now, is None."""

    #: The broadcast that is on, or was last.
    session_id: SessionId | None
    viewers: ViewersByKind | None
    #: Most at a time of this broadcast.
    peak_viewers: int
    duration_s: float | None
    received_bytes: int
    video_codec: str | None = None
    audio_codec: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    frame_rate: float | None = None
    bitrate_bps: float | None = None
    keyframe_interval_s: float | None = None
    drift_ms: float | None = None
    dropped_frames: int | None = None
    ladder_speed: float | None = None
    lag_ms: float | None = None
    thinned: tuple[str, ...] = ()


class ShownStats(RootModel[StreamStats | WatchedStats]):
    """How a stream does, to whoever asks: its owner, or who may watch it."""


class StatsMessage(Camel):
    """What followers of a stream's numbers are sent, as soon as something has changed."""

    type: Literal["stats"] = "stats"
    stats: StreamStats | WatchedStats


class StreamMinute(Camel):
    """One minute of a broadcast; averages of what was known, looked at every few seconds."""

    session_id: SessionId
    #: Its beginning.
    minute_at: datetime
    viewers: float | None
    most_viewers: int | None
    bitrate_bps: float | None
    frame_rate: float | None
    #: At its end.
    drift_ms: float | None
    #: Within it.
    dropped_frames: int | None
    ladder_speed: float | None
    #: At its worst.
    lag_ms: float | None


class StreamSeries(Page):
    """Minutes of a stream's broadcasts, oldest first."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )

    items: tuple[StreamMinute, ...]
