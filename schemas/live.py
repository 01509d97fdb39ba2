"""The task of a broadcast: what the publisher sends becomes adaptive video while it comes."""

from typing import Literal

from pydantic import Field

from schemas.frozen import Frozen
from schemas.profile import Profile
from schemas.streams import SessionId
from schemas.vocabulary import AssetId, TaskKind

#: Longest segment a broadcast is cut into, whatever its profile wishes.
MAX_SEGMENT_S = 4


class LivePace(Frozen):
    """When the ladder of a broadcast is thinned."""

    #: Milliseconds that what is published may lie behind what came in.
    behind_ms: int = 6_000
    #: Seconds that the encoders may be slower than the publisher, once so far behind.
    slow_s: float = 6.0


class LiveParams(Frozen):
    """Turn a broadcast into segments of every rung, from where they end until it is over."""

    kind: Literal[TaskKind.LIVE] = TaskKind.LIVE
    asset_id: AssetId
    session_id: SessionId
    #: Of the stream when the broadcast began.
    profile: Profile
    pace: LivePace = LivePace()


class LiveResult(Frozen):
    """What the last attempt made; its segments were published while it ran."""

    kind: Literal[TaskKind.LIVE] = TaskKind.LIVE
    #: Of each rendition, over all attempts.
    n_segments: int
    #: Unbroken stretches that this attempt made.
    n_parts: int = Field(ge=0)
    #: Rungs the box could not keep up with, the first first.
    thinned: tuple[str, ...] = ()
    #: CPU seconds of ffmpeg.
    cpu_s: float = 0.0
