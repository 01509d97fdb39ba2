"""The image of a watermark, taken into a profile from a file beside it."""

import base64
import struct
import zlib
from pathlib import Path

import pytest

from pipeline.core.errors import InvalidRequest
from pipeline.profiles import load


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def png(width_px: int = 3, height_px: int = 2) -> bytes:
    rows = b"".join(b"\0" + b"\xff\0\0\x80" * width_px for _ in range(height_px))
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 6, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def written(folder: Path, mark: str) -> None:
    (folder / "mine.yaml").write_text(f"extends: default\nwatermark: {mark}\n")


def test_the_image_becomes_part_of_the_profile(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png())
    written(tmp_path, "{file: logo.png, opacity: 0.5}")

    mark = load(tmp_path).get("mine").watermark
    (tmp_path / "logo.png").unlink()

    assert mark is not None
    assert base64.b64decode(mark.png_base64) == png()
    assert mark.opacity == 0.5


def test_a_profile_that_extends_another_takes_its_image_over(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png())
    written(tmp_path, "{file: logo.png, opacity: 0.5}")
    (tmp_path / "fainter.yaml").write_text("extends: mine\nwatermark: {opacity: 0.1}\n")

    mark = load(tmp_path).get("fainter").watermark

    assert mark is not None
    assert base64.b64decode(mark.png_base64) == png()
    assert mark.opacity == 0.1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"GIF89a" + bytes(20), "no PNG"),
        (png()[:-20], "cut off"),
        (png()[:60] + b"\xff" + png()[61:], "damaged"),
        (png()[:8] + chunk(b"IHDR", bytes(13)) + chunk(b"IEND", b""), "no whole PNG"),
        (png(1, 4097), "longer than 4096 pixels"),
        (png()[:33] + chunk(b"tEXt", bytes(256 * 1024)) + png()[33:], "larger than 256 KiB"),
    ],
)
def test_an_image_that_cannot_be_used_is_named(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(content)
    written(tmp_path, "{file: logo.png}")

    with pytest.raises(InvalidRequest, match=said) as caught:
        load(tmp_path)

    assert "mine.yaml, line 2" in caught.value.detail


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("{file: nowhere.png}", "cannot be read: No such file"),
        ("{file: ../logo.png}", "beside the profile"),
        ("{file: /etc/passwd}", "beside the profile"),
        ("{file: link.png}", "beside the profile"),
        ('{file: "logo\\0.png"}', "beside the profile"),
        ("{file: logo.png, png_base64: AAAA}", "not both"),
        ("{png_base64: '***'}", "not base64"),
        ("{opacity: 0.5}", "watermark.png_base64: Field required"),
        ("{file: logo.png, width_share: 2}", "watermark.width_share: Input should be less"),
        ("{file: logo.png}\ndynamic_range: keep\nvideo_codec: hevc", "would blind in HDR"),
    ],
)
def test_what_is_wrong_with_a_watermark_is_named(mark: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png())
    (tmp_path / "link.png").symlink_to(tmp_path / "logo.png")
    written(tmp_path, mark)

    with pytest.raises(InvalidRequest, match=said):
        load(tmp_path)
