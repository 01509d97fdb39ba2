"""Animations are media, single pictures are not, whatever their format."""

import struct

import pytest

from pipeline.core.animation import animation, check_moves
from pipeline.core.errors import NotMedia
from pipeline.core.sniff import sniff

PNG = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(data), name) + data + bytes(4)


IHDR = chunk(b"IHDR", bytes(13))


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (b"GIF89a\x10\x00", "gif"),
        (b"GIF87a\x10\x00", "gif"),
        (PNG + IHDR + chunk(b"tEXt", bytes(50)) + chunk(b"acTL", bytes(8)), "apng"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x12\x00\x00\x00", "webp_anim"),
    ],
)
def test_what_may_move_is_opened_as_what_it_is(head: bytes, demuxer: str) -> None:
    assert animation(head) == sniff(head) == demuxer


@pytest.mark.parametrize(
    "head",
    [
        PNG,
        PNG + IHDR,
        # Frames announced behind the picture are none.
        PNG + IHDR + chunk(b"IDAT", bytes(9)) + chunk(b"acTL", bytes(8)),
        PNG + struct.pack(">I4s", 2**32 - 1, b"iCCP"),
        b"RIFF\x24\x00\x00\x00WEBPVP8 ",
        b"RIFF\x24\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00",
        b"RIFF\x24\x00\x00\x00WEBPVP8X",
    ],
)
def test_a_single_picture_is_refused(head: bytes) -> None:
    assert animation(head) is None
    with pytest.raises(NotMedia) as caught:
        sniff(head)
    assert caught.value.instance_code == "media.image"


def test_a_gif_is_judged_by_its_pictures() -> None:
    check_moves("gif", 2)
    check_moves("mov", 1)
    with pytest.raises(NotMedia) as caught:
        check_moves("gif", 1)
    assert caught.value.instance_code == "media.image"
