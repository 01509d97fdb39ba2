"""The watermark is in every frame of every rung, where it should be and in its own colours."""

from base64 import b64encode
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.settings import Settings
from schemas.profile import AudioWish, Profile, Rung
from schemas.vocabulary import Place
from schemas.watermark import Watermark
from tests.support.clips import Clips
from tests.support.whole_asset import Whole, put_through

GREY = np.array((128, 128, 128))
GREEN = np.array((20, 230, 20))
#: Green on the left, transparent black on the right.
_OPAQUE = "lt(X,20)"
MARK = (
    "color=0x14E614:s=40x20,format=rgba,"
    f"geq=r='r(X,Y)*{_OPAQUE}':g='g(X,Y)*{_OPAQUE}':b='b(X,Y)*{_OPAQUE}':a='255*{_OPAQUE}'"
)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    pipeline = build(Settings(data_dir=tmp_path_factory.mktemp("data"), _env_file=None))
    yield pipeline
    pipeline.close()


@pytest.fixture(scope="module")
def png(clips: Clips) -> bytes:
    flags = ["-f", "lavfi", "-i", MARK, "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"]
    return clips.run(flags)


def profile(png: bytes, **wishes: object) -> Profile:
    mark = {"png_base64": b64encode(png).decode(), "width_share": 0.25, **wishes}
    return Profile(
        name="marked",
        ladder=(
            Rung(name="180p", height_px=180, bitrate_bps=3_000_000),
            Rung(name="90p", height_px=90, bitrate_bps=1_000_000),
        ),
        audio=AudioWish(),
        preset="ultrafast",
        crf=8,
        segment_s=1,
        chunk_s=4,
        first_chunk_segments=1,
        watermark=Watermark.model_validate(mark),
    )


def frames(whole: Whole, rung: str, matrix: str) -> np.ndarray:
    width_px, height_px = (320, 180) if rung == "180p" else (160, 90)
    rgb = f"scale=in_color_matrix={matrix},format=rgb24"
    data = whole.decode(rung, "-vf", rgb, "-f", "rawvideo")
    return np.frombuffer(data, np.uint8).reshape(-1, height_px, width_px, 3).astype(int)


@pytest.mark.parametrize(
    ("position", "opacity", "tags", "rate"),
    [
        (Place.TOP_LEFT, 1.0, "bt709", "25"),
        (Place.BOTTOM_RIGHT, 0.5, "bt709", "25"),
        (Place.CENTER, 1.0, "", "30000/1001"),
    ],
)
def test_every_frame_has_it_over_the_seams(
    position: Place,
    opacity: float,
    tags: str,
    rate: str,
    png: bytes,
    clips: Clips,
    pipeline: Pipeline,
    tmp_path: Path,
) -> None:
    tagged = f",setparams=colorspace={tags}:color_primaries={tags}:color_trc={tags}" if tags else ""
    grey = f"color=0x808080:s=320x180:r={rate},format=yuv420p{tagged}"
    clip = clips.make("mp4", ["-f", "lavfi", "-i", grey, "-t", "3", "-c:v", "libx264", "-qp", "4"])
    wished = profile(png, position=position, opacity=opacity)

    whole = put_through(pipeline, clip.path, wished, tmp_path)

    assert wished.watermark is not None
    for rung in ("180p", "90p"):
        shown = frames(whole, rung, tags or "bt601")
        assert len(shown) == round(3 * Fraction(rate))
        x, y, width, height = place(position, rung)
        left = shown[:, y + 2 : y + height - 2, x + 2 : x + width // 2 - 3]
        right = shown[:, y + 2 : y + height - 2, x + width // 2 + 3 : x + width - 2]
        assert np.abs(left - (GREEN * opacity + GREY * (1 - opacity))).max() < 16
        assert np.abs(right - GREY).max() < 10
        # Nothing of the black shows where green fades out.
        edge = shown[:, y + 2 : y + height - 2, x + width // 2 - 3 : x + width // 2 + 3]
        assert edge[..., 1].min() > 115
        shown[:, max(0, y - 2) : y + height + 2, max(0, x - 2) : x + width + 2] = GREY
        assert np.abs(shown - GREY).max() < 10


def place(position: Place, rung: str) -> tuple[int, int, int, int]:
    """Say where it belongs: a quarter of the width, 4 % of the height off the edges."""
    width, height, margin = (80, 40, 6) if rung == "180p" else (40, 20, 2)
    full = (320, 180) if rung == "180p" else (160, 90)
    x, y = {
        Place.TOP_LEFT: (margin, margin),
        Place.BOTTOM_RIGHT: (full[0] - width - margin, full[1] - height - margin),
        Place.CENTER: ((full[0] - width) // 2, (full[1] - height) // 2),
    }[position]
    return x // 2 * 2, y // 2 * 2, width, height
