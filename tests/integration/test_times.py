"""Times of every kind through every real step: late, early, jumping, wrapping, missing."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.clock import beeping, numbered, read_numbers
from tests.support.lavfi import make
from tests.support.pressed import PROFILE, Pressed, assert_in_sync, assert_on_grid

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25")
AAC = ("-c:a", "aac")
RATE = 25
SECONDS = 9
#: 2³³ ticks of 90 kHz: where the clock of a transport stream starts anew.
WRAP_S = 2**33 / 90_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("times")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    """Nine seconds that every other clip is cut from, without loss."""
    lossless = ("-c:v", "ffv1", "-c:a", "pcm_s16le")
    return make(folder / "whole.mkv", *numbered(SECONDS), *beeping(SECONDS), *lossless)


@pytest.fixture(scope="module")
def plain(folder: Path, whole: Path) -> Path:
    return make(folder / "plain.mp4", "-i", str(whole), *X264, *AAC)


def joined(folder: Path, whole: Path, offsets_s: Sequence[float], suffix: str = "ts") -> Path:
    """Put thirds of the clip behind each other, each with a clock that begins at its offset."""
    data = b""
    for number, offset_s in enumerate(offsets_s):
        cut = ("-ss", str(3 * number), "-t", "3", "-i", str(whole))
        part = folder / f"part{number}-{offset_s}.{suffix}"
        data += make(part, *cut, *X264, *AAC, "-output_ts_offset", str(offset_s)).read_bytes()
    path = folder / f"joined{'-'.join(map(str, offsets_s))}.{suffix}"
    path.write_bytes(data)
    return path


def runs(numbers: list[int]) -> list[int]:
    """Drop repetitions: a frame held at a seam is shown twice."""
    return [number for at, number in enumerate(numbers) if at == 0 or number != numbers[at - 1]]


@pytest.mark.parametrize("offsets_s", [(0, 0, 0), (0, 5000, 100), (500, 40, 70_000)])
def test_a_clock_that_jumps_loses_no_frame_and_keeps_sound_with_picture(
    offsets_s: tuple[float, ...], folder: Path, whole: Path, tmp_path: Path
) -> None:
    made = Pressed(joined(folder, whole, offsets_s), tmp_path / "made")

    assert made.facts.remuxed_from == "mpegts"
    warning = next(each for each in made.facts.warnings if each.code == "media.remuxed")
    assert "its clock jumps 2 times" in warning.detail
    assert len(made.plan.chunks) >= 3
    assert_on_grid(made)
    numbers = read_numbers(made.grey())
    assert runs(numbers) == list(range(SECONDS * RATE))
    # The sound of each part lasts a little longer than its picture: one frame is held.
    assert len(numbers) <= SECONDS * RATE + 3
    assert_in_sync(made, Fraction(RATE), at_least=15)


@pytest.mark.parametrize(
    ("suffix", "offset_s"),
    [("ts", WRAP_S - 4), ("ts", 50_000), ("mkv", 50_000), ("mp4", 6.4), ("flv", 3_000)],
)
def test_a_clock_that_starts_late_or_wraps_is_counted_from_its_own_start(
    suffix: str, offset_s: float, folder: Path, whole: Path, tmp_path: Path
) -> None:
    late = ("-output_ts_offset", f"{offset_s:.6f}", "-muxdelay", "0", "-muxpreload", "0")
    path = make(folder / f"late{offset_s}.{suffix}", "-i", str(whole), *X264, *AAC, *late)

    made = Pressed(path, tmp_path / "made")

    assert len(made.plan.chunks) >= 3
    assert_on_grid(made)
    assert runs(read_numbers(made.grey())) == list(range(SECONDS * RATE))
    assert made.grid.n_frames <= SECONDS * RATE + 1
    assert_in_sync(made, Fraction(RATE), at_least=16)


def test_the_lead_in_that_an_edit_list_cuts_is_not_shown(
    folder: Path, plain: Path, tmp_path: Path
) -> None:
    # Cut between two keyframes: the packets from 1 s on are there, an edit hides them to 1.52 s.
    path = make(folder / "cut.mp4", "-ss", "1.52", "-i", str(plain), "-c", "copy")

    made = Pressed(path, tmp_path / "made")

    assert_on_grid(made)
    assert runs(read_numbers(made.grey())) == list(range(38, SECONDS * RATE))
    assert_in_sync(made, Fraction(RATE), at_least=14)


@pytest.mark.parametrize(("late", "delay_s"), [("picture", 0.8), ("sound", 1.2)])
def test_an_empty_edit_lets_one_track_begin_later(
    late: str, delay_s: float, folder: Path, plain: Path, tmp_path: Path
) -> None:
    first, second = ("0:a", "1:v") if late == "picture" else ("0:v", "1:a")
    inputs = ("-i", str(plain), "-itsoffset", str(delay_s), "-i", str(plain))
    path = make(folder / f"late-{late}.mp4", *inputs, "-map", first, "-map", second, "-c", "copy")

    made = Pressed(path, tmp_path / "made")

    numbers, lead = read_numbers(made.grey()), round(delay_s * RATE)
    assert_on_grid(made)
    if late == "picture":
        assert numbers == [0] * lead + list(range(SECONDS * RATE))
    else:
        assert numbers == list(range(SECONDS * RATE))
    shift = -lead if late == "picture" else lead
    assert_in_sync(made, Fraction(RATE), at_least=13, shown_ahead=shift)


def test_times_that_go_back_a_little_are_put_into_order(
    folder: Path, whole: Path, tmp_path: Path
) -> None:
    stumble = "setts=dts='DTS-if(eq(mod(N,20),7),90,0)':pts='max(PTS,DTS)'"
    intra = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25")
    good = make(folder / "good.flv", "-i", str(whole), *intra, *AAC)
    path = make(folder / "back.flv", "-i", str(good), "-c", "copy", "-bsf:v", stumble)

    made = Pressed(path, tmp_path / "made")

    assert_on_grid(made)
    assert runs(read_numbers(made.grey())) == list(range(SECONDS * RATE))
    assert_in_sync(made, Fraction(RATE), at_least=16)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_phones_varying_pace_shows_at_each_grid_point_the_frame_shown_then(
    suffix: str, tmp_path: Path
) -> None:
    # 30 a second in good light, 24 and now and then 15 in the dark, on a fine clock.
    pace = "select='not(between(t,3,6)*mod(n,2))',setpts='PTS+400*random(0)'"
    video = numbered(8, "30")
    video[-1] += f",settb=1/90000,{pace}"
    fine = ("-fps_mode", "passthrough", "-enc_time_base", "1/90000")
    path = make(tmp_path / f"phone.{suffix}", *video, *beeping(8), *X264, *AAC, *fine)

    made = Pressed(path, tmp_path / "made")

    assert made.facts.video is not None
    assert made.facts.video.is_variable_rate
    assert made.grid.frame_rate == 30
    assert_on_grid(made)
    numbers = read_numbers(made.grey())
    wanted = [n - n % 2 if 90 < n < 180 else n for n in range(240)]
    # Frames come up to a seventh of a period late: each is still nearest to its own grid point.
    assert numbers[:239] == wanted[:239]
    assert_in_sync(made, Fraction(30), at_least=14)


def test_a_rate_that_changes_in_the_middle_keeps_both_halves_whole(tmp_path: Path) -> None:
    half = "select='lt(t,3)+not(mod(n,2))'"
    video = numbered(6, "50")
    video[-1] += f",{half}"
    path = make(tmp_path / "two.mp4", *video, *beeping(6), *X264, *AAC, "-fps_mode", "vfr")

    made = Pressed(path, tmp_path / "made")

    assert made.grid.frame_rate == 50
    assert_on_grid(made)
    numbers = read_numbers(made.grey())
    assert numbers[:299] == [n if n < 150 else n - n % 2 for n in range(299)]
    assert_in_sync(made, Fraction(50), at_least=11)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize("n_frames", [1, 25])
def test_one_frame_and_one_second_are_films_too(n_frames: int, suffix: str, tmp_path: Path) -> None:
    video = ("-c:v", "mpeg4", "-bf", "0") if suffix == "avi" else X264
    path = make(tmp_path / f"short.{suffix}", *numbered(n_frames / RATE), *video)

    made = Pressed(path, tmp_path / "made")

    assert made.grid.n_frames == n_frames
    assert_on_grid(made)
    assert read_numbers(made.grey()) == list(range(n_frames))


def test_two_hours_do_not_drift(folder: Path, tmp_path: Path) -> None:
    # Ten minutes twelve times over, a frame a second: cheap, and longer than a clock of 32 bits
    # at 1 MHz. The numbers begin anew with each round.
    tiny = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-bf", "2")
    ten_minutes = make(folder / "ten.mp4", *numbered(600, "1"), *tiny)
    path = make(folder / "long.ts", "-stream_loop", "11", "-i", str(ten_minutes), "-c", "copy")

    made = Pressed(path, tmp_path / "made", PROFILE.model_copy(update={"chunk_s": 1200}))

    assert made.facts.duration_s == 7200
    assert len(made.plan.chunks) >= 6
    assert_on_grid(made)
    assert read_numbers(made.grey()) == [n % 600 for n in range(7200)]
