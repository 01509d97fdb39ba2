"""What a peer is sent away for."""

from enum import StrEnum

from pipeline.core.errors import InvalidRequest


class Fault(StrEnum):
    """What was wrong, for logs and metrics: one word each, and nothing a peer sent."""

    HANDSHAKE = "handshake"
    #: A header that cannot be, or one in the middle of another message.
    CHUNK = "chunk"
    #: More chunk streams than one peer needs.
    CHUNK_STREAMS = "chunk_streams"
    CHUNK_SIZE = "chunk_size"
    MESSAGE_SIZE = "message_size"
    #: Too much of unfinished messages in all.
    MEMORY = "memory"
    #: It sent much before it asked for anything.
    EARLY = "early"
    AMF = "amf"
    #: A control message that is not what its type says.
    CONTROL = "control"
    #: A command out of turn or without what it needs.
    COMMAND = "command"
    APPLICATION = "application"
    #: Media that we do not take, which its sender was told in a status.
    MEDIA = "media"
    #: No FLV, or a tag of it that cannot be.
    FLV = "flv"
    #: It asks faster than it reads our answers.
    ANSWERS = "answers"
    #: We said no: `ServerSide.refuse`.
    REFUSED = "refused"


class ProtocolError(InvalidRequest):
    """A peer broke the protocol or its limits, or asked for what we do not take."""

    code = "rtmp.protocol"
    default_remedy = "Publish H.264 or another listed codec by RTMP from a common encoder."

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
