"""Pictures without times, without their references, before zero; sound long after them."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.clock import beeping, numbered, read_numbers
from tests.support.lavfi import make
from tests.support.pressed import Pressed, assert_in_sync, assert_on_grid
from tests.support.transport import cut_in, padded, without_times

AAC = ("-c:a", "aac")
FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-b_strategy", "0")
CLOSED = (*FAST, "-g", "25")
SECONDS, RATE = 4, 25
ALL = list(range(SECONDS * RATE))


def open_groups(period: int) -> tuple[str, ...]:
    params = f"open-gop=1:keyint={period}:min-keyint={period}:scenecut=0"
    return (*FAST, "-x264-params", params)


OPEN_HEVC = (
    *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params"),
    "log-level=error:bframes=3:b-adapt=0:keyint=27:min-keyint=27:open-gop=1:scenecut=0",
)
MPEG2 = ("-c:v", "mpeg2video", "-bf", "2", "-g", "15", "-q:v", "3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broken-times")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    """Four seconds that every other clip is made of, without loss."""
    lossless = ("-c:v", "ffv1", "-c:a", "pcm_s16le")
    return make(folder / "whole.mkv", *numbered(SECONDS), *beeping(SECONDS), *lossless)


@pytest.fixture(scope="module")
def plain(folder: Path, whole: Path) -> Path:
    return make(folder / "plain.ts", "-i", str(whole), *CLOSED, *AAC)


@pytest.mark.parametrize("every", [3, 15, 1000])
def test_pictures_whose_times_are_mostly_missing_all_come_out_at_their_own(
    every: int, plain: Path, tmp_path: Path
) -> None:
    # Only each third, each fifteenth or the first picture says when it is shown.
    path = without_times(plain, tmp_path / "sparse.ts", lambda number: number % every == 0)

    made = Pressed(path, tmp_path / "made")

    assert made.facts.video is not None
    assert made.facts.video.n_frames == len(ALL)
    assert made.grid.frame_rate == RATE
    assert_on_grid(made)
    assert read_numbers(made.grey()) == [0, *ALL]
    assert_in_sync(made, Fraction(RATE), at_least=7)


def test_mpeg2_with_one_time_a_group_is_copied_with_all_of_them(
    whole: Path, folder: Path, tmp_path: Path
) -> None:
    full = make(folder / "full.ts", "-i", str(whole), *MPEG2, "-c:a", "mp2")
    path = without_times(full, tmp_path / "sparse.ts", lambda number: number % 15 == 0)

    made = Pressed(path, tmp_path / "made")

    assert made.facts.remuxed_from == "mpegts"
    assert_on_grid(made)
    assert read_numbers(made.grey()) == ALL
    assert_in_sync(made, Fraction(RATE), at_least=7)


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("h264-26", "mp4"), ("h264-27", "mp4"), ("hevc", "mp4"), ("mpeg4", "mp4"), ("hevc", "mkv")],
)
def test_pictures_before_an_open_groups_keyframe_are_not_lost_where_a_chunk_begins(
    codec: str, suffix: str, whole: Path, folder: Path, tmp_path: Path
) -> None:
    # The keyframe is shown one or two pictures behind the seam at 25, and decoded before it.
    argv = {
        "h264-26": open_groups(26),
        "h264-27": open_groups(27),
        "hevc": OPEN_HEVC,
        "mpeg4": ("-c:v", "mpeg4", "-bf", "1", "-g", "25", "-q:v", "3"),
    }[codec]
    path = make(folder / f"open-{codec}.{suffix}", "-i", str(whole), *argv, *AAC)

    made = Pressed(path, tmp_path / "made")

    assert len(made.plan.chunks) >= 2
    assert_on_grid(made)
    assert read_numbers(made.grey()) == ALL
    assert_in_sync(made, Fraction(RATE), at_least=7)


@pytest.mark.parametrize("before", [0, 7])
@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg2"])
def test_a_broadcast_cut_into_begins_with_its_first_whole_picture(
    codec: str, before: int, whole: Path, folder: Path, tmp_path: Path
) -> None:
    # What refers to pictures before the cut is not shown: the first whole one stands meanwhile.
    argv, first = {
        "h264": ((*open_groups(25), *AAC), 25),
        "hevc": ((*OPEN_HEVC, *AAC), 27),
        "mpeg2": ((*MPEG2, "-c:a", "mp2"), 15),
    }[codec]
    full = make(folder / "full.ts", "-i", str(whole), *argv)
    path = cut_in(full, tmp_path / "cut.ts", before=before)

    made = Pressed(path, tmp_path / "made")

    assert_on_grid(made)
    numbers = read_numbers(made.grey())
    n_held = numbers.count(first)
    assert numbers == [first] * n_held + ALL[first + 1 :]
    assert n_held < RATE
    assert_in_sync(made, Fraction(RATE), at_least=4, held=first)


def test_a_start_before_zero_is_cut_where_an_edit_list_says_so(
    whole: Path, folder: Path, tmp_path: Path
) -> None:
    early = ("-output_ts_offset", "-1.5", "-avoid_negative_ts", "disabled")
    path = make(folder / "early.mp4", "-i", str(whole), *CLOSED, *AAC, *early)

    made = Pressed(path, tmp_path / "made")

    assert_on_grid(made)
    assert read_numbers(made.grey()) == ALL[38:]
    assert_in_sync(made, Fraction(RATE), at_least=5)


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_sound_from_before_zero_is_heard_before_the_picture_moves(
    suffix: str, plain: Path, folder: Path, tmp_path: Path
) -> None:
    inputs = ("-i", str(plain), "-itsoffset", "-2.72", "-i", str(plain))
    maps = ("-map", "0:v", "-map", "1:a", "-c", "copy", "-avoid_negative_ts", "disabled")
    path = make(folder / f"early.{suffix}", *inputs, *maps, "-muxdelay", "0", "-muxpreload", "0")

    made = Pressed(path, tmp_path / "made")

    assert_on_grid(made)
    numbers = read_numbers(made.grey())
    n_held = len(numbers) - len(ALL)
    assert numbers == [0] * n_held + ALL
    assert n_held in (67, 68)
    assert_in_sync(made, Fraction(RATE), at_least=7, shown_ahead=-68)


def test_sound_that_starts_late_is_found_without_a_copy_too(tmp_path: Path) -> None:
    late = ("-itsoffset", "8")
    full = make(tmp_path / "full.ts", *numbered(11), *late, *beeping(3), *CLOSED, *AAC)
    sparse = without_times(full, tmp_path / "sparse.ts", lambda number: number % 2 == 0)
    # 10 MB come before it, twice as much as ffmpeg looks at unless told otherwise.
    path = padded(sparse, tmp_path / "late.ts", size_bytes=14_000_000)

    made = Pressed(path, tmp_path / "made")

    assert made.facts.remuxed_from is None
    assert_on_grid(made)
    assert read_numbers(made.grey()) == list(range(11 * RATE))
    assert_in_sync(made, Fraction(RATE), at_least=5, shown_ahead=8 * RATE)
