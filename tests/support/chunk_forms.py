"""Chunks as any encoder might cut them: every form of header, ids of every width, interleaved."""

import struct
from dataclasses import dataclass, field

FULL, NEW_LENGTH, NEW_TIME, SAME = range(4)
WRAP = 0xFFFFFFFF


@dataclass
class Sent:
    """A message, and the chunks of it that are still to be written."""

    chunk_stream_id: int
    type: int
    stream_id: int
    timestamp: int
    payload: bytes
    chunks: list[bytes] = field(default_factory=list)


@dataclass
class _Before:
    message: Sent
    delta: int
    is_extended: bool


def basic(form: int, chunk_stream_id: int) -> bytes:
    if chunk_stream_id < 64:
        return bytes((form << 6 | chunk_stream_id,))
    if chunk_stream_id < 320:
        return bytes((form << 6, chunk_stream_id - 64))
    return bytes((form << 6 | 1,)) + struct.pack("<H", chunk_stream_id - 64)


class FormWriter:
    """Writes each message in the shortest form it may have, or a longer one that is asked for."""

    def __init__(self, chunk_bytes: int = 128) -> None:
        self.chunk_bytes = chunk_bytes
        self._before: dict[int, _Before] = {}
        self.forms: list[int] = []

    def cut(self, message: Sent, form: int = SAME) -> list[bytes]:
        before = self._before.get(message.chunk_stream_id)
        form = min(form, self._shortest(message, before))
        delta = message.timestamp
        if form != FULL:
            assert before is not None
            delta = (message.timestamp - before.message.timestamp) & WRAP
        is_extended = before.is_extended if form == SAME and before else delta >= 0xFFFFFF
        extended = struct.pack(">I", delta) if is_extended else b""
        head = basic(form, message.chunk_stream_id) + self._fields(form, message, delta) + extended
        self._before[message.chunk_stream_id] = _Before(message, delta, is_extended)
        self.forms.append(form)
        size, payload = self.chunk_bytes, message.payload
        again = basic(SAME, message.chunk_stream_id) + extended
        message.chunks = [head + payload[:size]]
        message.chunks += [
            again + payload[at : at + size] for at in range(size, len(payload), size)
        ]
        return message.chunks

    def _fields(self, form: int, message: Sent, delta: int) -> bytes:
        parts = [
            min(delta, 0xFFFFFF).to_bytes(3, "big"),
            len(message.payload).to_bytes(3, "big") + bytes((message.type,)),
            struct.pack("<I", message.stream_id),
        ]
        return b"".join(parts[: 3 - form])

    def _shortest(self, message: Sent, before: _Before | None) -> int:
        if before is None or before.message.stream_id != message.stream_id:
            return FULL
        last = before.message
        if (len(last.payload), last.type) != (len(message.payload), message.type):
            return NEW_LENGTH
        return SAME if (message.timestamp - last.timestamp) & WRAP == before.delta else NEW_TIME
