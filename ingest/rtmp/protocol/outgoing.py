"""Media that we send: in either role, on the chunk stream of its kind."""

from ingest.rtmp.protocol.messages import (
    AUDIO_CHUNKS,
    DATA_CHUNKS,
    VIDEO_CHUNKS,
    Message,
    MessageType,
)
from ingest.rtmp.protocol.wire import Wire
from pipeline.core.flv.kinds import MediaKind

_CHUNKS = {
    MediaKind.AUDIO: (AUDIO_CHUNKS, MessageType.AUDIO),
    MediaKind.VIDEO: (VIDEO_CHUNKS, MessageType.VIDEO),
    MediaKind.DATA: (DATA_CHUNKS, MessageType.DATA),
}


def send_media(
    wire: Wire, stream_id: int, kind: MediaKind, timestamp_ms: int, payload: bytes
) -> None:
    """Put media behind what waits to be sent."""
    chunk_stream_id, type_ = _CHUNKS[kind]
    wire.send(chunk_stream_id, Message(type_, stream_id, timestamp_ms, payload))
