"""What a server says, word for word as encoders wait for it."""

from typing import Any

from ingest.rtmp.protocol import messages
from ingest.rtmp.protocol.commands import Command, status
from ingest.rtmp.protocol.messages import (
    COMMAND_CHUNKS,
    DATA_CHUNKS,
    ControlType,
    Message,
    MessageType,
)
from ingest.rtmp.protocol.wire import WINDOW_BYTES, Wire
from pipeline.core.flv import amf0
from pipeline.core.flv.payloads import AUDIO_FOURCCS, VIDEO_FOURCCS

#: Statuses of our own endings.
FAILED, UNTAKEN = "NetStream.Failed", "NetStream.Publish.Rejected"

#: As servers of Adobe name themselves: encoders look at it.
_FMS = "FMS/3,5,7,7009"
_CAPABILITIES = 31.0
#: Of capsEx: nothing beyond FourCCs (no reconnect requests, multitrack, ModEx).
_NO_EXTRAS = 0.0
#: Of a FourCC in an info map: it can be decoded here (and not: sent, forwarded only).
_CAN_DECODE = 1.0
_MOST_FOURCCS = 32


def text_of(asked: Command, name: str) -> str:
    """Tell a property of a connect that is text; empty where it is not."""
    found = asked.properties.get(name)
    return found if isinstance(found, str) else ""


def fourccs_of(asked: Command) -> tuple[str, ...]:
    """Tell the codecs a client says it has."""
    listed = asked.properties.get("fourCcList")
    found = list(listed) if isinstance(listed, list) else []
    for name in ("videoFourCcInfoMap", "audioFourCcInfoMap"):
        mapped = asked.properties.get(name)
        found += list(mapped) if isinstance(mapped, dict) else []
    return tuple(one for one in found[:_MOST_FOURCCS] if isinstance(one, str))


def connected(wire: Wire, asked: Command) -> None:
    """Say yes to a connect."""
    wire.control(messages.control(MessageType.WINDOW_SIZE, WINDOW_BYTES))
    wire.control(messages.peer_bandwidth(WINDOW_BYTES))
    wire.set_chunk_size()
    about = status("status", "NetConnection.Connect.Success", "Connection succeeded.")
    properties: dict[str, Any] = {"fmsVer": _FMS, "capabilities": _CAPABILITIES, "mode": 1.0}
    enhanced = _enhanced() if fourccs_of(asked) else {}
    wire.command(
        0, "_result", asked.transaction, properties, about | {"objectEncoding": 0.0} | enhanced
    )


def _enhanced() -> dict[str, Any]:
    video, audio = (
        sorted(fourcc.decode() for fourcc in fourccs) for fourccs in (VIDEO_FOURCCS, AUDIO_FOURCCS)
    )
    return {
        "fourCcList": video + audio,
        "videoFourCcInfoMap": dict.fromkeys(video, _CAN_DECODE),
        "audioFourCcInfoMap": dict.fromkeys(audio, _CAN_DECODE),
        "capsEx": _NO_EXTRAS,
    }


def connect_refused(wire: Wire, asked: Command) -> None:
    """Say no to a connect."""
    about = status("error", "NetConnection.Connect.InvalidApp", "There is no such application.")
    wire.command(0, "_error", asked.transaction, None, about)


def result(wire: Wire, asked: Command, value: float | None) -> None:
    """Answer a call."""
    wire.command(0, "_result", asked.transaction, None, value)


def fc_published(wire: Wire, asked: Command) -> None:
    """Tell encoders of Adobe's kind to go on."""
    about = status("status", "NetStream.Publish.Start", "It may be published.")
    wire.command(asked.stream_id, "onFCPublish", 0, None, about)


def publish_started(wire: Wire, stream_id: int) -> None:
    """Say yes to a publisher."""
    wire.control(messages.user_control(ControlType.STREAM_BEGIN, stream_id))
    _tell(wire, stream_id, "status", "NetStream.Publish.Start", "It is being published.")


def play_started(wire: Wire, stream_id: int) -> None:
    """Say yes to a player."""
    wire.control(messages.user_control(ControlType.STREAM_BEGIN, stream_id))
    _tell(wire, stream_id, "status", "NetStream.Play.Reset", "It is being played.")
    _tell(wire, stream_id, "status", "NetStream.Play.Start", "It is being played.")
    access = amf0.encode("|RtmpSampleAccess", True, True)
    wire.send(DATA_CHUNKS, Message(MessageType.DATA, stream_id, 0, access))


def unpublished(wire: Wire, stream_id: int) -> None:
    """Confirm a publisher's end."""
    _tell(wire, stream_id, "status", "NetStream.Unpublish.Success", "It has ended.")


def play_ended(wire: Wire, stream_id: int) -> None:
    """Tell a player that the stream has ended."""
    wire.control(messages.user_control(ControlType.STREAM_EOF, stream_id))
    _tell(wire, stream_id, "status", "NetStream.Play.UnpublishNotify", "It has ended.")


def refused(wire: Wire, stream_id: int, name: str, description: str) -> None:
    """Say no, with the reason in words."""
    # Not by `command`, which counts: this is the last there is.
    about = status("error", name, description)
    payload = amf0.encode("onStatus", 0, None, about)
    wire.send(COMMAND_CHUNKS, Message(MessageType.COMMAND, stream_id, 0, payload))


def _tell(wire: Wire, stream_id: int, level: str, name: str, description: str) -> None:
    wire.command(stream_id, "onStatus", 0, None, status(level, name, description))
