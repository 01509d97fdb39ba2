"""FLV: tags written and read, and what stands in their first bytes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.core.flv import amf0
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.limits import Limits
from pipeline.core.flv.payloads import is_coded, is_keyframe, is_sequence_header

__all__ = [
    "HEADER_BYTES",
    "OVERHEAD_BYTES",
    "Tag",
    "TagReader",
    "header",
    "is_coded",
    "is_keyframe",
    "is_sequence_header",
    "metadata",
    "tag",
]

#: The header and the size of no tag before the first.
HEADER_BYTES = 13

_TYPES = {MediaKind.AUDIO: 8, MediaKind.VIDEO: 9, MediaKind.DATA: 18}
_KINDS = {number: kind for kind, number in _TYPES.items()}
_HEAD_BYTES, _TAIL_BYTES = 11, 4
#: What a tag is longer by than its payload.
OVERHEAD_BYTES = _HEAD_BYTES + _TAIL_BYTES
_HAS_AUDIO, _HAS_VIDEO = 0x04, 0x01
_FILTERED = 0x20
_HEAD = struct.Struct(">BBHHBBBH")
_TAIL = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag."""

    kind: MediaKind
    #: 32 bits.
    timestamp_ms: int
    payload: bytes


def header(*, has_audio: bool = True, has_video: bool = True) -> bytes:
    """Write what a file or stream begins with; players wait for what it says there is."""
    flags = has_audio * _HAS_AUDIO | has_video * _HAS_VIDEO
    return b"FLV\x01" + bytes((flags,)) + b"\x00\x00\x00\x09" + bytes(4)


def tag(kind: MediaKind, timestamp_ms: int, payload: bytes) -> bytes:
    """Write one tag, with its size behind; the clock starts again after 49 days."""
    size = len(payload)
    head = _HEAD.pack(
        _TYPES[kind],
        size >> 16,
        size & 0xFFFF,
        timestamp_ms >> 8 & 0xFFFF,
        timestamp_ms & 0xFF,
        # The highest byte came to the format later, and stands behind the others.
        timestamp_ms >> 24 & 0xFF,
        0,
        0,
    )
    return b"".join((head, payload, _TAIL.pack(_HEAD_BYTES + size)))


class TagReader:
    """Reads tags from bytes as they come, however they are cut."""

    def __init__(self, *, has_header: bool = True, limits: Limits | None = None) -> None:
        self._buffer = bytearray()
        self._has_begun = not has_header
        self._most_bytes = (limits or Limits()).message_bytes
        #: Where the last whole tag ended: what lies behind it in a file was cut off.
        self.whole_bytes = 0

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[Tag]:
        """Tell the tags that are whole now.

        Raises:
            ProtocolError: ``flv``; tags before the damage were told, or come with none behind.
        """
        self._buffer += data
        if not self._has_begun and not self._begin():
            return []
        return list(self._tags())

    def _begin(self) -> bool:
        if not self._buffer.startswith(b"FLV"[: len(self._buffer)]):
            raise _wrong("it does not begin as FLV")
        if len(self._buffer) < HEADER_BYTES:
            return False
        self._drop(HEADER_BYTES)
        self._has_begun = True
        return True

    def _tags(self) -> Iterator[Tag]:
        at, buffer = 0, self._buffer
        while len(buffer) - at >= _HEAD_BYTES:
            type_, high, low, time, time_low, time_top, *_ = _HEAD.unpack_from(buffer, at)
            size = high << 16 | low
            end = at + _HEAD_BYTES + size
            self._check(type_, size)
            if len(buffer) < end + _TAIL_BYTES:
                break
            if _TAIL.unpack_from(buffer, end)[0] != _HEAD_BYTES + size:
                raise _wrong("a tag does not end where it says")
            payload = bytes(memoryview(buffer)[at + _HEAD_BYTES : end])
            at = end + _TAIL_BYTES
            if type_ in _KINDS:
                yield Tag(_KINDS[type_], time_top << 24 | time << 8 | time_low, payload)
        self._drop(at)

    def _check(self, type_: int, size: int) -> None:
        if type_ & _FILTERED or not type_ or size > self._most_bytes:
            raise _wrong("a tag is encrypted, too large, or none")

    def _drop(self, n_bytes: int) -> None:
        del self._buffer[:n_bytes]
        self.whole_bytes += n_bytes


def metadata(payload: bytes, limits: Limits | None = None) -> dict[str, Any]:
    """Read what ``onMetaData`` tells; nothing where it is another message, or damaged."""
    try:
        name, *told = amf0.decode(payload, limits)
    except (ProtocolError, ValueError):
        return {}
    return told[0] if name == "onMetaData" and told and isinstance(told[0], dict) else {}


def _wrong(detail: str) -> ProtocolError:
    return ProtocolError(Fault.FLV, detail)
