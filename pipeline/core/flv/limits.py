"""How much one peer may ask of us."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Bounds of one connection; what is over them ends it."""

    #: One message, while we do not know the peer.
    early_message_bytes: int = MIB
    #: All that may come until something is published or played: strangers cost us no more.
    early_bytes: int = 2 * MIB
    #: One message of somebody who publishes: a keyframe of 4K is about a tenth of it.
    message_bytes: int = 8 * MIB
    #: Unfinished messages of all chunk streams together.
    partial_bytes: int = 16 * MIB
    chunk_streams: int = 64
    chunk_bytes: int = MIB
    #: What may come while we still decide about a request.
    waiting_bytes: int = MIB
    #: Answers to commands and pings that the peer does not read.
    answer_bytes: int = MIB
    #: Message streams made by createStream.
    message_streams: int = 16
    amf_depth: int = 16
    amf_values: int = 4096
