"""Fields become whole pictures, film in pulldown becomes film: frame by frame, over seams.

Each field shows a bar at a place of its own, each film frame its number.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from schemas.vocabulary import Deinterlace, FieldOrder, Telecine
from tests.support.boxed import with_matrix
from tests.support.clock import numbered, read_numbers
from tests.support.lavfi import make
from tests.support.paff import field_stream
from tests.support.pressed import PROFILE, Pressed, assert_on_grid
from tests.support.pulldown import soft_telecined
from tests.support.sweep import places, read_places, sweeping

FIELDS = PROFILE.model_copy(update={"deinterlace": Deinterlace.FIELD})
ILME = ("-flags", "+ilme+ildct")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", "-g", "12", "-bf", "2", *ILME)


def x264(order: str) -> tuple[str, ...]:
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-bf", "2", "-crf", "15")
    return (*coded, *ILME, "-x264-params", f"{order}=1")


def x265(order: str | None) -> tuple[str, ...]:
    """Without an order nothing is flagged; with one each picture is, as a field, whatever it is."""
    flags = "" if order is None else f":interlace={order}"
    params = f"log-level=error:keyint=20:bframes=2{flags}"
    return ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "15", "-x265-params", params)


#: Container, encoder, field order: field k of the file shows number k.
INTERLACED = {
    "MBAFF, top first": ("in.mp4", x264("tff"), "top"),
    "MBAFF, bottom first": ("in.mkv", x264("bff"), "bottom"),
    "MPEG-2 in a transport stream": ("in.ts", MPEG2, "top"),
    "MPEG-2, bottom first, in MOV": ("in.mov", MPEG2, "bottom"),
    "ProRes": ("in.mov", ("-c:v", "prores_ks", "-profile:v", "1", *ILME), "top"),
    "DV": ("in.dv", ("-c:v", "dvvideo", *ILME), "bottom"),
    "DV in MOV": ("in.mov", ("-c:v", "dvvideo", *ILME), "bottom"),
    "uncompressed": ("in.mov", ("-c:v", "v210"), "top"),
    "HuffYUV, of which the header tells": ("in.mkv", ("-c:v", "huffyuv"), "top"),
    "HEVC frames, of which the header tells": ("in.mp4", x265(None), "bottom"),
    "HEVC frames flagged as fields": ("in.mkv", x265("bff"), "bottom"),
}


def woven(kind: str, folder: Path, seconds: float = 4) -> Path:
    """Make a clip at 25 frames of two fields a second."""
    name, encoder, first = INTERLACED[kind]
    size = (720, 576) if "DV" in kind else None
    seconds = 1 if "DV" in kind else seconds
    form = {"prores_ks": "yuv422p10le", "v210": "yuv422p10le"}.get(encoder[1], "yuv420p")
    graph = f"tinterlace=interleave_{first},setfield={first[0]}ff,format={form}"
    source = sweeping(seconds, "50", size=size)
    return make(folder / name, *source, "-vf", graph, *encoder)


@pytest.mark.parametrize("kind", INTERLACED)
def test_each_field_becomes_a_picture_at_twice_the_rate(kind: str, tmp_path: Path) -> None:
    path = woven(kind, tmp_path)

    made = Pressed(path, tmp_path / "made", FIELDS)

    video = made.facts.video
    assert video is not None
    first = INTERLACED[kind][2]
    expected = FieldOrder.TOP_FIRST if first == "top" else FieldOrder.BOTTOM_FIRST
    assert (video.is_interlaced, video.field_order, video.is_mixed_scan) == (True, expected, False)
    assert made.grid.frame_rate == 50
    assert_on_grid(made)
    assert read_places(made.grey()) == places(0, made.grid.n_frames)
    assert made.grid.n_frames == (50 if "DV" in kind else 200)


@pytest.mark.parametrize("kind", ["MBAFF, top first", "MBAFF, bottom first", "DV"])
def test_two_fields_become_one_picture_at_the_same_rate(kind: str, tmp_path: Path) -> None:
    path = woven(kind, tmp_path)

    made = Pressed(path, tmp_path / "made")

    assert made.grid.frame_rate == 25
    assert len(made.plan.chunks) >= (1 if kind == "DV" else 2)
    assert_on_grid(made)
    assert read_places(made.grey()) == places(0, 2 * made.grid.n_frames, 2)
    assert "plan.deinterlaced" in [warning.code for warning in made.plan.warnings]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("first", ["top", "bottom"])
def test_fields_coded_as_pictures_of_their_own_are_put_together(
    first: str, suffix: str, tmp_path: Path
) -> None:
    frames = np.full((65, 64, 192), 16, np.uint8)
    for number in range(130):
        is_bottom = (number % 2 == 0) == (first == "bottom")
        lit = (np.arange(192) // 8 - number) % 24 < 8
        frames[number // 2, int(is_bottom) :: 2, lit] = 235
    raw = tmp_path / "in.h264"
    raw.write_bytes(field_stream(list(frames), top_first=first == "top"))
    # A packet a field: fifty a second.
    opened = ("-r", "50", "-f", "h264", "-i", str(raw))
    path = make(tmp_path / f"in.{suffix}", *opened, "-c", "copy")

    made = Pressed(path, tmp_path / "made", FIELDS)

    video = made.facts.video
    assert video is not None
    assert (video.frame_rate, video.is_variable_rate) == (25, False)
    assert video.field_order == f"{first[0]}ff"
    assert made.grid.frame_rate == 50
    assert_on_grid(made)
    found = read_places(made.grey())
    # The decoder shows the very last frame before it has its second field.
    assert len(found) == 130
    assert found[:-1] == places(0, 129)


@pytest.mark.parametrize(("first", "suffix"), [("top", "mkv"), ("bottom", "mp4"), ("top", "ts")])
def test_fields_that_are_decoded_one_by_one_are_put_together(
    first: str, suffix: str, tmp_path: Path
) -> None:
    graph = f"tinterlace=interleave_{first},setfield={first[0]}ff,separatefields"
    encoder = x265(f"{first[0]}ff")
    path = make(tmp_path / f"in.{suffix}", *sweeping(4, "50"), "-vf", graph, *encoder)

    twice = Pressed(path, tmp_path / "twice", FIELDS)
    made = Pressed(path, tmp_path / "made")

    video = made.facts.video
    assert video is not None
    assert (video.has_separate_fields, video.field_order) == (True, f"{first[0]}ff")
    assert (video.display_width_px, video.display_height_px) == (192, 108)
    assert (video.frame_rate, video.n_frames, video.is_variable_rate) == (25, 100, False)
    assert (made.grid.frame_rate, twice.grid.frame_rate) == (25, 50)
    assert len(made.plan.chunks) >= 2
    for each in (made, twice):
        assert_on_grid(each)
    assert read_places(twice.grey()) == places(0, 200)
    assert read_places(made.grey()) == places(0, 200, 2)


def test_fields_are_woven_before_the_picture_is_turned(tmp_path: Path) -> None:
    path = woven("MBAFF, top first", tmp_path, seconds=1)
    turned = with_matrix(path, tmp_path / "turned.mp4", (0, 1, -1, 0))

    made = Pressed(turned, tmp_path / "made", FIELDS)

    upright = np.rot90(made.grey(), 1, axes=(1, 2))
    assert read_places(upright) == places(0, 50)


def test_whole_frames_among_interlaced_ones_stay_whole(tmp_path: Path) -> None:
    weave = ("-vf", "tinterlace=interleave_top,setfield=tff", *ILME)
    mpeg2 = ("-c:v", "mpeg2video", "-q:v", "2", "-g", "12")
    # Single lines at the top that change places with each frame: no deinterlacer spares them.
    stripes = ("-vf", "geq=lum='if(lt(Y,16),235*mod(Y+N,2),lum(X,Y))':cb=128:cr=128")
    frames = make(tmp_path / "a.ts", *sweeping(2, "25"), *mpeg2, *stripes)
    later = ("-output_ts_offset", "2")
    fields = make(tmp_path / "b.ts", *sweeping(2, "50"), *mpeg2, *weave, *later)
    # Packets of a transport stream may simply be put behind each other.
    path = tmp_path / "mixed.ts"
    path.write_bytes(frames.read_bytes() + fields.read_bytes())

    made = Pressed(path, tmp_path / "made")

    video = made.facts.video
    assert video is not None
    assert (video.is_interlaced, video.is_mixed_scan) == (True, True)
    assert_on_grid(made)
    found = read_places(made.grey())
    # Where the streams meet the decoder loses a frame.
    assert found[:48] == places(0, 48)
    assert found[-49:] == places(2, 100, 2)
    lines = made.grey()[4:44, 2:14].mean(2)
    assert np.abs(np.diff(lines, axis=1)).min() > 100


#: Fields each film frame is shown for, and how it is encoded.
PULLDOWN = {
    "2:3 in MP4": ("in.mp4", "telecine=pattern=23", x264("tff")),
    "3:2 from its bottom field in Matroska": (
        *("in.mkv", "telecine=pattern=32:first_field=b,setfield=bff", x264("bff")),
    ),
    "2:3 in MPEG-2": ("in.ts", "telecine=pattern=23,setfield=tff", MPEG2),
}


@pytest.mark.parametrize("kind", PULLDOWN)
def test_film_in_hard_pulldown_is_film_again(kind: str, tmp_path: Path) -> None:
    name, pulldown, encoder = PULLDOWN[kind]
    path = make(tmp_path / name, *numbered(6, "24000/1001"), "-vf", pulldown, *encoder)

    made = Pressed(path, tmp_path / "made", FIELDS)

    assert made.facts.video is not None
    assert made.facts.video.telecine is Telecine.HARD
    assert made.grid.frame_rate == Fraction(24000, 1001)
    assert len(made.plan.chunks) >= 2 or not made.facts.is_seekable
    assert_on_grid(made)
    numbers = read_numbers(made.grey())
    # Every film frame once and in order; at the very end one may be missing, the last is held.
    assert numbers[:-2] == list(range(numbers[0], numbers[0] + len(numbers) - 2))
    assert numbers[0] in (0, 1)


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_film_that_only_asks_for_pulldown_is_left_as_it_is(suffix: str, tmp_path: Path) -> None:
    path = soft_telecined(numbered(4, "30000/1001"), tmp_path / f"soft.{suffix}")

    made = Pressed(path, tmp_path / "made")

    video = made.facts.video
    assert video is not None
    assert (video.telecine, video.is_interlaced) == (Telecine.SOFT, False)
    assert made.grid.frame_rate == Fraction(24000, 1001)
    assert_on_grid(made)
    numbers = read_numbers(made.grey())
    assert numbers[:-1] == list(range(len(numbers) - 1))
    assert len(numbers) >= 119


def test_true_video_of_that_rate_is_not_taken_for_film(tmp_path: Path) -> None:
    graph = "tinterlace=interleave_top,setfield=tff"
    path = make(tmp_path / "v.mp4", *sweeping(4, "60000/1001"), "-vf", graph, *x264("tff"))

    made = Pressed(path, tmp_path / "made")

    assert made.facts.video is not None
    assert made.facts.video.telecine is None
    assert made.grid.frame_rate == Fraction(30000, 1001)
    assert read_places(made.grey()) == places(0, 2 * made.grid.n_frames, 2)
