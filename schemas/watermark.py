"""An image over the picture. Source of the file format: PNG (ISO/IEC 15948) §5, §11.2.2."""

import base64
import binascii
import struct
from collections.abc import Iterator
from typing import Annotated
from zlib import crc32

from pydantic import AfterValidator, Field

from schemas.frozen import Frozen
from schemas.vocabulary import Place

MOST_PNG_BYTES = 256 * 1024
_MOST_SIDE_PX = 4096
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png_size_px(png: bytes) -> tuple[int, int]:
    """Read width and height of a whole, undamaged PNG.

    Raises:
        ValueError: it is none, or larger than a watermark may be.
    """
    if len(png) > MOST_PNG_BYTES:
        raise ValueError(f"the image is larger than {MOST_PNG_BYTES // 1024} KiB")
    chunks = list(_chunks(png))
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or names[-1] != b"IEND" or b"IDAT" not in names:
        raise ValueError("the image is no whole PNG")
    width_px, height_px = struct.unpack(">II", chunks[0][1][:8])
    if not (0 < width_px <= _MOST_SIDE_PX and 0 < height_px <= _MOST_SIDE_PX):
        raise ValueError(f"the image has a side longer than {_MOST_SIDE_PX} pixels, or none")
    return width_px, height_px


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not png.startswith(_SIGNATURE):
        raise ValueError("the image is no PNG")
    at = len(_SIGNATURE)
    while at < len(png):
        if at + 12 > len(png):
            raise ValueError("the image is cut off")
        length, name = struct.unpack_from(">I4s", png, at)
        content = png[at + 8 : at + 8 + length]
        checksum = png[at + 8 + length : at + 12 + length]
        if len(checksum) < 4 or crc32(name + content) != struct.unpack(">I", checksum)[0]:  # noqa: PLR2004
            raise ValueError("the image is cut off or damaged")
        yield name, content
        at += 12 + length


def _whole_png(text: str) -> str:
    try:
        png = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error
    png_size_px(png)
    return text


class Watermark(Frozen):
    """An image laid over every frame, at the same relative place and size in each rung."""

    #: The PNG itself in base64; in a YAML file ``file`` names one beside it instead.
    png_base64: Annotated[
        str, Field(max_length=MOST_PNG_BYTES * 4 // 3 + 4), AfterValidator(_whole_png)
    ]
    position: Place = Place.BOTTOM_RIGHT
    #: Width as a share of the picture's width; the height follows from the image.
    width_share: float = Field(default=0.12, ge=0.01, le=1)
    #: Distance from the edges as a share of the picture's shorter side.
    margin_share: float = Field(default=0.04, ge=0, le=0.45)
    #: 1 is as opaque as the image itself.
    opacity: float = Field(default=1, ge=0.01, le=1)


class WatermarkPlan(Frozen):
    """The image over every picture, as shares of whatever size a rung has."""

    #: Names the stored image, ``keys.watermark_key``.
    sha256: str
    width_px: int
    height_px: int
    position: Place
    width_share: float
    margin_share: float
    opacity: float
