"""Turned, mirrored, cropped, stretched, odd and tiny pictures come out as they are seen."""

from pathlib import Path
from shutil import copyfile

import numpy as np
import pytest

from schemas.media import Crop
from schemas.profile import Profile, Rung
from tests.support.boxed import with_clean_aperture, with_matrix
from tests.support.lavfi import make
from tests.support.pressed import Pressed, assert_on_grid
from tests.support.quadrants import COLORS, Seen, assert_colors, quadrants, yuv

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-qp", "8")
PROFILE = Profile(
    name="shape",
    ladder=(Rung(name="1080p", height_px=1080, bitrate_bps=9_000_000),),
    preset="ultrafast",
    crf=8,
    segment_s=1,
    first_chunk_segments=1,
    # Below what the schema allows, so that a short clip has a seam.
).model_copy(update={"chunk_s": 1})
#: Display matrices a, b, c, d of ISO/IEC 14496-12: all that do not tilt a picture.
MATRICES = {
    "upright": (1, 0, 0, 1),
    "turned right": (0, 1, -1, 0),
    "upside down": (-1, 0, 0, -1),
    "turned left": (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1),
    "mirrored upside down": (1, 0, 0, -1),
    "mirrored on one diagonal": (0, 1, 1, 0),
    "mirrored on the other": (0, -1, -1, 0),
}


def seen_through(matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Move each quarter to where a matrix puts it: (x, y) is shown at (ax + cy, bx + dy)."""
    a, b, c, d = matrix
    seen = np.zeros_like(COLORS)
    for y, row in zip((-1, 1), COLORS, strict=True):
        for x, color in zip((-1, 1), row, strict=True):
            seen[(b * x + d * y + 1) // 2, (a * x + c * y + 1) // 2] = color
    return seen


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four colours for longer than a chunk, so that there is a seam, with the index at the end."""
    path = tmp_path_factory.mktemp("shape") / "plain.mp4"
    return make(path, *quadrants(2.4, size="96x64"), "-vf", yuv("bt709"), *X264, *TAGS)


TAGS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("name", MATRICES)
def test_a_display_matrix_is_obeyed(name: str, suffix: str, plain: Path, tmp_path: Path) -> None:
    matrix = MATRICES[name]
    path = with_matrix(plain, tmp_path / "turned.mp4", matrix)
    if suffix == "mkv":
        path = make(tmp_path / "turned.mkv", "-i", str(path), "-c", "copy")

    made = Pressed(path, tmp_path / "made", PROFILE)

    seen = Seen(made.join(made.top))
    assert len(made.plan.chunks) == 2
    assert_on_grid(made)
    assert seen.size_px == ((64, 96) if matrix[0] == 0 else (96, 64))
    for frame in (0, 59):
        assert_colors(seen, seen_through(matrix), within=4, frame=frame)
    # A player must not turn it a second time.
    assert "side_data_list" not in seen.stream


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_pictures_that_say_themselves_how_they_stand_are_obeyed(
    suffix: str, plain: Path, tmp_path: Path
) -> None:
    # A message in the stream, counting anticlockwise; the container says nothing.
    note = "h264_metadata=display_orientation=insert:rotate=90:flip=horizontal"
    beside = copyfile(plain, tmp_path / "plain.mp4")
    path = make(tmp_path / f"sei.{suffix}", "-i", str(beside), "-c", "copy", "-bsf:v", note)

    made = Pressed(path, tmp_path / "made", PROFILE)

    seen = Seen(made.join(made.top))
    assert seen.size_px == (64, 96)
    # Flipped left to right, then turned to the left.
    assert_colors(seen, np.rot90(COLORS[:, ::-1]), within=4)
    assert "side_data_list" not in seen.stream


@pytest.mark.parametrize("suffix", ["mov", "mkv"])
def test_a_clean_aperture_is_cut_out_before_the_picture_is_turned(
    suffix: str, plain: Path, tmp_path: Path
) -> None:
    # 64×32 around a centre 12 to the right and 6 up; so the left and lower quarters are narrow.
    moved = with_clean_aperture(plain, tmp_path / "c.mov", size_px=(64, 32), off_px=(12, -6))
    path = with_matrix(moved, tmp_path / "crop.mov", MATRICES["turned right"])
    if suffix == "mkv":
        path = make(tmp_path / "crop.mkv", "-i", str(path), "-c", "copy")

    made = Pressed(path, tmp_path / "made", PROFILE)

    assert made.facts.video is not None
    assert made.facts.video.crop == Crop(left_px=28, right_px=4, top_px=10, bottom_px=22)
    seen = Seen(made.join(made.top))
    assert seen.size_px == (32, 64)
    picture = seen.rgb(59)
    # The source's centre, 20 from the left and 22 from the top, is seen 10 and 20 from there.
    turned = seen_through(MATRICES["turned right"])
    for rows, top in ((slice(2, 18), 0), (slice(24, 62), 1)):
        for columns, left in ((slice(2, 8), 0), (slice(14, 30), 1)):
            off = picture[rows, columns].mean((0, 1)) - turned[top, left]
            assert np.abs(off).max() < 4


def test_what_the_codec_itself_crops_is_cropped_once(tmp_path: Path) -> None:
    # 90 lines are coded as 96: the stream says how many of them count.
    flags = ("-vf", yuv("bt709"), *X264, *TAGS)
    path = make(tmp_path / "window.mp4", *quadrants(0.4, size="160x90"), *flags)

    made = Pressed(path, tmp_path / "made", PROFILE)

    seen = Seen(made.join(made.top))
    assert seen.size_px == (160, 90)
    assert_colors(seen, within=4)
    # No line of what lies below the window.
    assert np.abs(seen.rgb()[-1, 8:72] - COLORS[1, 0]).max() < 12


@pytest.mark.parametrize(
    ("aspect", "turned", "expected_px"),
    [("16/11", False, (140, 64)), ("8/9", False, (84, 64)), ("2/1", True, (64, 192))],
)
def test_pixels_come_out_square(
    *, aspect: str, turned: bool, expected_px: tuple[int, int], tmp_path: Path
) -> None:
    flags = ("-vf", f"{yuv('bt709')},setsar={aspect}", *X264, *TAGS)
    path = make(tmp_path / "wide.mp4", *quadrants(0.4, size="96x64"), *flags)
    if turned:
        path = with_matrix(path, tmp_path / "turned.mp4", MATRICES["turned left"])

    made = Pressed(path, tmp_path / "made", PROFILE)

    seen = Seen(made.join(made.top))
    assert seen.size_px == expected_px
    assert seen.stream["sample_aspect_ratio"] == "1:1"
    assert_colors(seen, seen_through(MATRICES["turned left"]) if turned else COLORS, within=4)


@pytest.mark.parametrize(
    ("size", "expected_px"),
    [
        ("16x16", (16, 16)),
        ("17x35", (16, 32)),
        ("101x57", (100, 56)),
        ("64x64", (64, 64)),
        ("40x96", (40, 96)),
        ("300x10", (300, 10)),
    ],
)
def test_odd_square_portrait_and_small_pictures_come_out(
    size: str, expected_px: tuple[int, int], tmp_path: Path
) -> None:
    lossless = ("-c:v", "ffv1", "-vf", yuv("bt709", form="yuv444p"), *TAGS)
    path = make(tmp_path / "odd.mkv", *quadrants(0.4, size=size), *lossless)

    made = Pressed(path, tmp_path / "made", PROFILE)

    seen = Seen(made.join(made.top))
    assert seen.size_px == expected_px
    # Quarters of few pixels share chroma samples with their neighbours.
    assert_colors(seen, within=10)


def test_the_smallest_picture_there_is_comes_out(tmp_path: Path) -> None:
    lossless = ("-c:v", "ffv1", "-vf", yuv("bt709", form="yuv444p"), *TAGS)
    path = make(tmp_path / "tiny.mkv", *quadrants(0.4, size="2x2"), *lossless)

    made = Pressed(path, tmp_path / "made", PROFILE)

    seen = Seen(made.join(made.top))
    assert seen.size_px == (2, 2)
    # One chroma sample cannot hold four colours, but each pixel has its own brightness.
    brightness = 16 + COLORS @ (0.2126, 0.7152, 0.0722) * 219 / 255
    assert np.abs(seen.planes()[0] - brightness).max() < 4


def test_an_8k_picture_is_brought_down(tmp_path: Path) -> None:
    large = f"{yuv('bt709')},scale=7680:4320:flags=neighbor"
    path = make(tmp_path / "8k.mp4", *quadrants(0.08, size="64x36"), "-vf", large, *X264, *TAGS)

    made = Pressed(path, tmp_path / "made", PROFILE)

    seen = Seen(made.join(made.top))
    assert seen.size_px == (1920, 1080)
    assert_colors(seen, within=4, frame=1)
