"""Messages in, chunks out."""

import struct
from dataclasses import dataclass

from ingest.rtmp.protocol.chunk_headers import EXTENDED, WRAP
from ingest.rtmp.protocol.chunk_reader import FIRST_CHUNK_BYTES
from ingest.rtmp.protocol.messages import Message

_NEW_LENGTH, _SAME = 0x40, 0xC0


@dataclass(slots=True)
class _Last:
    stream_id: int
    timestamp: int


class ChunkWriter:
    """Cuts messages up; its chunk streams are those of one-byte headers."""

    def __init__(self) -> None:
        self.chunk_bytes = FIRST_CHUNK_BYTES
        self._last: dict[int, _Last] = {}

    def write(self, chunk_stream_id: int, message: Message) -> bytes:
        """Tell the bytes of a message."""
        head, extended = self._head(chunk_stream_id, message)
        payload, size = message.payload, self.chunk_bytes
        pieces = [head, extended, payload[:size]]
        going_on = bytes((_SAME | chunk_stream_id,)) + extended
        for begin in range(size, len(payload), size):
            pieces += (going_on, payload[begin : begin + size])
        return b"".join(pieces)

    def _head(self, chunk_stream_id: int, message: Message) -> tuple[bytes, bytes]:
        timestamp, last = message.timestamp & WRAP, self._last.get(chunk_stream_id)
        is_full = (
            last is None
            or last.stream_id != message.stream_id
            # Backwards, or around 32 bits: said in full.
            or timestamp < last.timestamp
        )
        time = timestamp if is_full or last is None else timestamp - last.timestamp
        self._last[chunk_stream_id] = _Last(message.stream_id, timestamp)
        field, extended = (time, b"") if time < EXTENDED else (EXTENDED, struct.pack(">I", time))
        form = 0 if is_full else _NEW_LENGTH
        fields = struct.pack(
            ">BHBHBB",
            form | chunk_stream_id,
            field >> 8,
            field & 0xFF,
            len(message.payload) >> 8,
            len(message.payload) & 0xFF,
            message.type,
        )
        return fields + (struct.pack("<I", message.stream_id) if is_full else b""), extended
