"""What happened at the other end, in the order it happened."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.core.flv.errors import ProtocolError
from pipeline.core.flv.kinds import MediaKind


class Phase(StrEnum):
    """What a connection waits for."""

    HANDSHAKE = "handshake"
    #: The handshake is over; connect has not come (been answered).
    CONNECT = "connect"
    #: Connected: publish or play has not come (been answered).
    IDLE = "idle"
    #: Publish or play waits for our own decision; nothing of the peer is read.
    DECISION = "decision"
    PUBLISHING = "publishing"
    PLAYING = "playing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ConnectRequested:
    """A client has connected to an application of ours, and was told so."""

    app: str
    #: May hold a key in its query: never logged.
    tc_url: str
    flash_ver: str
    #: Codecs it says it can send or take (Enhanced RTMP); empty of old clients.
    fourccs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishRequested:
    """Answer by `accept_publish` or `refuse`; until then nothing more is read."""

    #: The key, with a query behind it where one was sent: never logged.
    stream_name: str
    app: str


@dataclass(frozen=True, slots=True)
class PlayRequested:
    """Answer by `accept_play` or `refuse`; until then nothing more is read."""

    stream_name: str
    app: str


@dataclass(frozen=True, slots=True)
class MediaReceived:
    """One message of media: what an FLV tag of its kind holds, never empty.

    Data is AMF0 that begins with its name (``onMetaData``), without ``@setDataFrame``.
    """

    kind: MediaKind
    #: Unwrapped per kind: goes on growing past 32 bits. It is the sender's clock, and may jump.
    timestamp_ms: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Unpublished:
    """The publisher ended its stream by itself; the connection may go on."""


@dataclass(frozen=True, slots=True)
class PlayStopped:
    """The player ended its stream by itself."""


@dataclass(frozen=True, slots=True)
class StatusReceived:
    """A client's server said something (``NetStream.Play.UnpublishNotify`` …)."""

    level: str
    status: str
    description: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A client's request to publish or play was granted: media may go."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A client's server said no; ``Closed`` follows."""

    status: str
    description: str


@dataclass(frozen=True, slots=True)
class PongReceived:
    """The peer answered a ping of ours."""

    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The last event: send what is left, then close."""

    error: ProtocolError | None = None


Event = (
    ConnectRequested
    | PublishRequested
    | PlayRequested
    | MediaReceived
    | Unpublished
    | PlayStopped
    | StatusReceived
    | Accepted
    | Refused
    | PongReceived
    | Closed
)

#: Values as AMF knows them.
Amf = Any
