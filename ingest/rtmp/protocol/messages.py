"""Whole messages, and those that steer the connection itself."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from pipeline.core.flv.errors import Fault, ProtocolError


class MessageType(IntEnum):
    """What a message is, as the wire numbers it."""

    SET_CHUNK_SIZE = 1
    ABORT = 2
    ACKNOWLEDGEMENT = 3
    USER_CONTROL = 4
    WINDOW_SIZE = 5
    PEER_BANDWIDTH = 6
    AUDIO = 8
    VIDEO = 9
    DATA_AMF3 = 15
    COMMAND_AMF3 = 17
    DATA = 18
    COMMAND = 20
    AGGREGATE = 22


class ControlType(IntEnum):
    """What happens to a message stream, in a message of user control."""

    STREAM_BEGIN = 0
    STREAM_EOF = 1
    PING = 6
    PONG = 7


#: Chunk streams we send on; the peer's own are its business.
CONTROL_CHUNKS, COMMAND_CHUNKS, AUDIO_CHUNKS, DATA_CHUNKS, VIDEO_CHUNKS = 2, 3, 4, 5, 6

_DYNAMIC = 2
_LONG = struct.Struct(">I")


@dataclass(slots=True)
class Message:
    """What chunks carry."""

    #: May be of no type we know: such are passed over.
    type: int
    stream_id: int
    #: 32 bits, as on the wire.
    timestamp: int
    payload: bytes


def control(kind: MessageType, value: int) -> Message:
    """Make a message that is one number."""
    return Message(kind, 0, 0, _LONG.pack(value & 0xFFFFFFFF))


def peer_bandwidth(n_bytes: int) -> Message:
    """Ask the peer to acknowledge so often."""
    return Message(MessageType.PEER_BANDWIDTH, 0, 0, struct.pack(">IB", n_bytes, _DYNAMIC))


def user_control(kind: ControlType, value: int) -> Message:
    """Make a message about a stream or a ping."""
    return Message(MessageType.USER_CONTROL, 0, 0, struct.pack(">HI", kind, value & 0xFFFFFFFF))


def number(message: Message) -> int:
    """Read the number a control message is.

    Raises:
        ProtocolError: it is none.
    """
    if len(message.payload) < _LONG.size:
        raise ProtocolError(Fault.CONTROL, "a control message is cut short")
    value: int = _LONG.unpack_from(message.payload)[0]
    return value


def pong(message: Message) -> int | None:
    """Tell the time of a ping that is answered here; None where this is another message."""
    if int.from_bytes(message.payload[:2], "big") != ControlType.PONG:
        return None
    return int.from_bytes(message.payload[2:6], "big")
