"""Where the key frame of a segment lies: what an I-frame playlist points at.

Reads the head of a CMAF media segment; knows the few boxes that lead to its first sample.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.core.errors import OutputInvalid

#: The boxes before the first sample's entry take some 200 bytes; the rest is room for others.
HEAD_BYTES = 4096

_DATA_OFFSET = 0x1
_FIRST_SAMPLE_FLAGS = 0x4
_SAMPLE_DURATION = 0x100
_SAMPLE_SIZE = 0x200
#: tfhd fields before the default size, each with its length.
_TFHD_BEFORE_SIZE = ((0x1, 8), (0x2, 4), (0x8, 4))
_TFHD_SIZE = 0x10


@dataclass(frozen=True)
class ByteRange:
    """A stretch of a segment, from the movie fragment's start to its first sample's end."""

    offset: int
    length: int


def first_frame(head: bytes) -> ByteRange:
    """Find the first sample of a segment from its first ``HEAD_BYTES`` bytes.

    Raises:
        OutputInvalid: this is not the head of a media segment.

    Source: ISO/IEC 14496-12 §8.8.7 (tfhd), §8.8.8 (trun).
    """
    try:
        return _first_frame(head)
    except (StopIteration, struct.error) as exc:
        raise OutputInvalid("A segment does not begin with a movie fragment") from exc


def _first_frame(head: bytes) -> ByteRange:
    moof = next(box for box in _boxes(head, 0, len(head)) if box[0] == b"moof")
    _, moof_at, moof_end = moof
    traf = next(box for box in _boxes(head, moof_at + 8, moof_end) if box[0] == b"traf")
    inside = {name: at for name, at, _ in _boxes(head, traf[1] + 8, traf[2])}
    if b"tfhd" not in inside or b"trun" not in inside:
        raise StopIteration
    data_offset, size = _run(head, inside[b"trun"])
    if size is None:
        size = _default_size(head, inside[b"tfhd"])
    return ByteRange(moof_at, data_offset + size)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Walk (type, start, end) of sibling boxes, as far as their headers are there."""
    at = start
    while at + 8 <= min(end, len(data)):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name, at, at + size
        at += max(size, 8)


def _run(data: bytes, at: int) -> tuple[int, int | None]:
    """Read data offset (from the fragment's start) and first sample size of a trun."""
    flags = struct.unpack_from(">I", data, at + 8)[0] & 0xFFFFFF
    if not flags & _DATA_OFFSET:
        raise OutputInvalid("A track run has no data offset")
    (data_offset,) = struct.unpack_from(">i", data, at + 16)
    if not flags & _SAMPLE_SIZE:
        return data_offset, None
    sample_at = at + 20 + 4 * bool(flags & _FIRST_SAMPLE_FLAGS)
    size_at = sample_at + 4 * bool(flags & _SAMPLE_DURATION)
    return data_offset, struct.unpack_from(">I", data, size_at)[0]


def _default_size(data: bytes, at: int) -> int:
    flags = struct.unpack_from(">I", data, at + 8)[0] & 0xFFFFFF
    if not flags & _TFHD_SIZE:
        raise OutputInvalid("A track fragment tells no sample size")
    skip = sum(length for flag, length in _TFHD_BEFORE_SIZE if flags & flag)
    size: int = struct.unpack_from(">I", data, at + 16 + skip)[0]
    return size
