"""Transport streams as encoders of ours do not write them, made byte by byte."""

from collections.abc import Callable
from pathlib import Path

_PACKET_BYTES = 188
#: Where ffmpeg puts a program's first stream.
VIDEO_PID = 0x100
#: What a cut keeps in front: the tables that name the streams.
_TABLES_BYTES = 3 * _PACKET_BYTES
_BYTES_OF_TIMES = {0: 0, 2: 5, 3: 10}


def _starts(data: bytes | bytearray) -> list[int]:
    """Find the transport packets that a picture begins in."""
    return [
        at
        for at in range(0, len(data), _PACKET_BYTES)
        if data[at + 1] & 0x40 and (data[at + 1] & 0x1F) << 8 | data[at + 2] == VIDEO_PID
    ]


def _is_entry(data: bytes, at: int) -> bool:
    return bool(data[at + 3] & 0x20 and data[at + 4] and data[at + 5] & 0x40)


def without_times(source: Path, target: Path, has_time: Callable[[int], bool]) -> Path:
    """Take the times out of the pictures' headers but for some, counted in decoding order."""
    data = bytearray(source.read_bytes())
    for number, start in enumerate(_starts(data)):
        at = start + 4 + (1 + data[start + 4] if data[start + 3] & 0x20 else 0)
        if not has_time(number):
            n_bytes = _BYTES_OF_TIMES[data[at + 7] >> 6]
            data[at + 7] &= 0x3F
            data[at + 9 : at + 9 + n_bytes] = b"\xff" * n_bytes
    target.write_bytes(data)
    return target


def padded(source: Path, target: Path, *, size_bytes: int) -> Path:
    """Fill up with empty packets between the others, as a channel of constant rate does."""
    data = source.read_bytes()
    null = b"\x47\x1f\xff\x10".ljust(_PACKET_BYTES, b"\xff")
    filling = null * (size_bytes // len(data) - 1)
    with target.open("wb") as file:
        for at in range(0, len(data), _PACKET_BYTES):
            file.write(data[at : at + _PACKET_BYTES] + filling)
    return target


def cut_in(source: Path, target: Path, *, before: int) -> Path:
    """Begin at the second keyframe, or amidst a picture some places before it."""
    data = source.read_bytes()
    starts = _starts(data)
    second = [number for number, at in enumerate(starts) if _is_entry(data, at)][1]
    at = starts[second - before] + (_PACKET_BYTES if before else 0)
    target.write_bytes(data[:_TABLES_BYTES] + data[at:])
    return target
