"""What reading RTMP costs, without sockets: chunks in, FLV tags out."""

import time

from ingest.rtmp.protocol.chunk_writer import ChunkWriter
from ingest.rtmp.protocol.events import MediaReceived
from ingest.rtmp.protocol.messages import Message, MessageType
from ingest.rtmp.protocol.server import ServerSide
from pipeline.core.flv import amf0
from pipeline.core.flv import tags as flv
from tests.bench.figures import Figure, at_most, reported
from tests.bench.ground import Ground

SECONDS = 60
N_PUBLISHERS = 20
#: Of 3 Mbit/s: 30 pictures and 47 packets of sound a second, a keyframe every two seconds.
PICTURE_BYTES, KEYFRAME_BYTES, SOUND_BYTES, KEYFRAME_EVERY = 11_000, 60_000, 300, 60
READ_BYTES = 65_536
#: Of one core, for all publishers: the rest is for sockets, spool and viewers.
BAR_PERCENT = 10.0


def measure(ground: Ground) -> list[Figure]:
    """Read a minute of a publisher, cut as old encoders, OBS and ffmpeg cut it."""
    seconds = ground.scaled(SECONDS)
    figures = []
    for chunk_bytes in (128, 4096, 65_536):
        side, writer = _publishing(chunk_bytes)
        data = _broadcast(writer, seconds)
        took_s = _read(side, data)
        name = f"RTMP in chunks of {chunk_bytes}"
        percent = 100 * N_PUBLISHERS * took_s / seconds
        figures += [
            reported(name, len(data) / took_s / 1e6, "MB/s"),
            at_most(f"{name}, {N_PUBLISHERS} × 3 Mbit/s", percent, "% of a core", BAR_PERCENT),
        ]
    return figures


def _publishing(chunk_bytes: int) -> tuple[ServerSide, ChunkWriter]:
    side, writer = ServerSide(), ChunkWriter()
    side.receive_data(b"\x03" + bytes(3072))
    for values in (("connect", 1, {"app": "live"}), ("publish", 2, None, "some-key")):
        asked = Message(MessageType.COMMAND, 1, 0, amf0.encode(*values))
        side.receive_data(writer.write(3, asked))
    side.accept_publish()
    said = Message(MessageType.SET_CHUNK_SIZE, 0, 0, chunk_bytes.to_bytes(4, "big"))
    side.receive_data(writer.write(2, said))
    writer.chunk_bytes = chunk_bytes
    return side, writer


def _broadcast(writer: ChunkWriter, seconds: int) -> bytes:
    pictures = [
        (n * 1000 // 30, 6, MessageType.VIDEO, _picture(is_key=n % KEYFRAME_EVERY == 0))
        for n in range(30 * seconds)
    ]
    sound = [
        (n * 1000 // 47, 4, MessageType.AUDIO, b"\xaf\x01" + bytes(SOUND_BYTES))
        for n in range(47 * seconds)
    ]
    return b"".join(
        writer.write(chunk_stream_id, Message(type_, 1, at_ms, payload))
        for at_ms, chunk_stream_id, type_, payload in sorted(pictures + sound)
    )


def _picture(*, is_key: bool) -> bytes:
    # Bytes like headers of chunks are in it, as in any.
    return (
        (b"\x17" if is_key else b"\x27")
        + b"\x01\0\0\0"
        + b"\xc6\xc4a\0" * ((KEYFRAME_BYTES if is_key else PICTURE_BYTES) // 4)
    )


def _read(side: ServerSide, data: bytes) -> float:
    begun = time.process_time()
    for at in range(0, len(data), READ_BYTES):
        for event in side.receive_data(data[at : at + READ_BYTES]):
            if isinstance(event, MediaReceived):
                flv.tag(event.kind, event.timestamp_ms, event.payload)
        side.data_to_send()
    return time.process_time() - begun
