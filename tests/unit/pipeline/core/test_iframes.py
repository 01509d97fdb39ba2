"""Finding the first sample in heads put together box by box."""

import struct

import pytest

from pipeline.core.errors import OutputInvalid
from pipeline.core.iframes import ByteRange, first_frame


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def full(name: bytes, flags: int, *fields: int) -> bytes:
    return box(name, struct.pack(f">{len(fields) + 1}I", flags, *fields))


def fragment(tfhd: bytes, trun: bytes) -> bytes:
    return box(b"moof", full(b"mfhd", 0, 1) + box(b"traf", tfhd + trun))


STYP = box(b"styp", b"msdh" + bytes(8))


def test_the_size_stands_with_the_sample() -> None:
    # flags: data offset, first sample flags, sample durations and sizes
    trun = full(b"trun", 0x305, 2, 900, 0, 1001, 7850, 1001, 2002)
    head = STYP + fragment(full(b"tfhd", 0x20000, 1), trun) + struct.pack(">I4s", 9999, b"mdat")

    assert first_frame(head) == ByteRange(len(STYP), 900 + 7850)


def test_the_size_is_the_default_of_the_fragment() -> None:
    tfhd = full(b"tfhd", 0x20018, 1, 1001, 555)
    assert first_frame(fragment(tfhd, full(b"trun", 0x1, 2, 96))) == ByteRange(0, 96 + 555)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"not a box at all",
        STYP,
        fragment(b"", b""),
        fragment(full(b"tfhd", 0x20000, 1), full(b"trun", 0x200, 1, 5)),
        fragment(full(b"tfhd", 0x20000, 1), full(b"trun", 0x201, 1, 5, 6))[:-4],
        struct.pack(">I4s", 0, b"free") * 9,
    ],
)
def test_anything_else_is_refused(head: bytes) -> None:
    with pytest.raises(OutputInvalid):
        first_frame(head)
