"""What a client says, in the order servers expect it."""

from typing import Any

from ingest.rtmp.protocol import messages
from ingest.rtmp.protocol.commands import Command
from ingest.rtmp.protocol.messages import MessageType
from ingest.rtmp.protocol.wire import WINDOW_BYTES, Wire
from pipeline.core.flv.payloads import AUDIO_FOURCCS, VIDEO_FOURCCS

#: Numbers of our calls: each is made once.
CONNECT, RELEASE_STREAM, FC_PUBLISH, CREATE_STREAM, START, FC_UNPUBLISH, DELETE_STREAM = range(1, 8)

#: Behind this, servers let encoders of any make in.
_FLASH_VERSION = "FMLE/3.0 (compatible; reelmill)"


def connect(wire: Wire, app: str, tc_url: str, *, is_publishing: bool) -> None:
    """Ask for an application."""
    properties: dict[str, Any] = {"app": app, "tcUrl": tc_url, "flashVer": _FLASH_VERSION}
    if is_publishing:
        properties["type"] = "nonprivate"
    else:
        properties |= {"fpad": False, "capabilities": 15.0, "audioCodecs": 4071.0}
        properties |= {"videoCodecs": 252.0, "videoFunction": 1.0}
    fourccs = sorted(fourcc.decode() for fourcc in VIDEO_FOURCCS | AUDIO_FOURCCS)
    wire.command(0, "connect", CONNECT, properties | {"fourCcList": fourccs})


def create_stream(wire: Wire, published_name: str) -> None:
    """Ask for a stream; of one that is to be published, with what old servers want before."""
    if published_name:
        wire.set_chunk_size()
        wire.command(0, "releaseStream", RELEASE_STREAM, None, published_name)
        wire.command(0, "FCPublish", FC_PUBLISH, None, published_name)
    else:
        wire.control(messages.control(MessageType.WINDOW_SIZE, WINDOW_BYTES))
    wire.command(0, "createStream", CREATE_STREAM, None)


def publish(wire: Wire, stream_id: int, name: str) -> None:
    """Ask to publish."""
    wire.command(stream_id, "publish", START, None, name, "live")


def play(wire: Wire, stream_id: int, name: str) -> None:
    """Ask to play, live or from the beginning."""
    wire.command(stream_id, "play", START, None, name, -2000)


def end(wire: Wire, stream_id: int, published_name: str) -> None:
    """Say that the stream ends."""
    if published_name:
        wire.command(0, "FCUnpublish", FC_UNPUBLISH, None, published_name)
    wire.command(0, "deleteStream", DELETE_STREAM, None, stream_id)


def status_of(said: Command) -> tuple[str, str, str]:
    """Tell level, name and description of a status; empty texts where they are not."""
    about = next((one for one in said.arguments if isinstance(one, dict)), {})
    found = (about.get(name) for name in ("level", "code", "description"))
    level, name, description = (one if isinstance(one, str) else "" for one in found)
    return level, name, description
