"""MP4 and MOV files edited by the byte: boxes that ffmpeg does not write."""

import struct
from pathlib import Path

_TKHD_MATRIX = 8 + 40
_ABOVE_ENTRY = (b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov")


def with_matrix(path: Path, target: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write a display matrix (a, b, c, d) into the first track's header (ISO/IEC 14496-12)."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") - 4 + _TKHD_MATRIX
    a, b, c, d = (value << 16 for value in matrix)
    struct.pack_into(">9i", data, start, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    target.write_bytes(data)
    return target


def with_clean_aperture(
    path: Path, target: Path, *, size_px: tuple[int, int], off_px: tuple[float, float]
) -> Path:
    """Add a clean aperture of a size, its centre off the picture's (ISO/IEC 14496-12 §12.1.4)."""
    halves = [round(2 * value) for value in off_px]
    body = struct.pack(">IIIIiIiI", size_px[0], 1, size_px[1], 1, halves[0], 2, halves[1], 2)
    return with_entry_box(path, target, b"avc1", b"clap", body)


def with_entry_box(path: Path, target: Path, entry: bytes, kind: bytes, body: bytes) -> Path:
    """Add a box to the end of a sample entry; the index must stand behind the media."""
    data = bytearray(path.read_bytes())
    assert data.index(b"mdat") < data.index(b"moov")
    start = data.index(entry, data.index(b"stsd")) - 4
    (size,) = struct.unpack_from(">I", data, start)
    box = struct.pack(">I4s", 8 + len(body), kind) + body
    data[start + size : start + size] = box
    for name in (entry, *_ABOVE_ENTRY):
        at = data.rindex(name, 0, start + 8) - 4
        (before,) = struct.unpack_from(">I", data, at)
        struct.pack_into(">I", data, at, before + len(box))
    target.write_bytes(data)
    return target
