"""Posters and storyboards of real clips: right pictures at right times."""

import re
from pathlib import Path

import pytest

from schemas.media import MediaFacts
from schemas.tasks import ProbeParams, ThumbnailsParams, ThumbnailsResult
from tests.support.folder_bench import ASSET_ID, FolderBench, source_ref
from tests.support.lavfi import X264, make, picture, tone
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import capture
from workers.steps import probe, thumbnails

#: Brightness tells the time: each second of the clip is 20 levels brighter than the last.
STAIRS = "geq=lum='20+20*floor(T)':cb=128:cr=128"


@pytest.fixture
def bench(tmp_path: Path) -> FolderBench:
    return FolderBench(tmp_path)


def made(
    bench: FolderBench, path: Path, *, count: int = 3, interval_s: int = 1
) -> tuple[MediaFacts, ThumbnailsResult]:
    source = source_ref(path)
    found = probe.run(ProbeParams(source=source), bench)
    params = ThumbnailsParams(
        # The facts are the working copy's, where the source needed one.
        source=found.working_source or source,
        facts=found.facts,
        count=count,
        storyboard_interval_s=interval_s,
    )
    return found.facts, thumbnails.run(params, bench)


def brightness(bench: FolderBench, path: Path, *, crop: str) -> float:
    """Mean luma of a rectangle of an image, full range."""
    argv = ["-v", "error", "-f", "image2", "-i", str(path), "-vf"]
    argv += [f"crop={crop},format=gray", "-f", "rawvideo", "-"]
    answer = capture(
        argv,
        program=bench.tools.ffmpeg,
        cage=Cage(bench.scratch, (path,)),
        limits=Limits(wall_s=30.0, stall_s=30.0),
        stop=bench.stop,
    )
    return sum(answer) / len(answer)


def level(second: int) -> float:
    """Full-range brightness of a second of the stairs."""
    return (20 + 20 * second - 16) * 255 / 219


@pytest.mark.parametrize("ending", ["mp4", "ts"])
@pytest.mark.parametrize("gop", ["25", "250"])
def test_each_tile_shows_its_own_second(
    bench: FolderBench, tmp_path: Path, ending: str, gop: str
) -> None:
    source = make(
        tmp_path / f"stairs.{ending}", *picture(8), *tone(8), "-vf", STAIRS, *X264, "-g", gop
    )

    _, result = made(bench, source)

    assert result.storyboard_key is not None
    text = bench.file(result.storyboard_key).read_text()
    cues = re.findall(r"(\S+) --> (\S+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)", text)
    assert [cue[0] for cue in cues] == [f"00:00:{second:02}.000" for second in range(8)]
    assert cues[0][1] == "00:00:01.000"
    for second, (_, _, address, x, y, width, height) in enumerate(cues):
        assert address == "task1-1/sprite-0.jpg"
        sprite = bench.file(f"assets/{ASSET_ID}/{address}")
        seen = brightness(bench, sprite, crop=f"{width}:{height}:{x}:{y}")
        assert abs(seen - level(second)) < 4


def test_keyframes_that_are_no_fresh_start_give_each_tile_its_own_second(
    bench: FolderBench, tmp_path: Path
) -> None:
    # Keyframes alone would come out of the decoder in the wrong order.
    open_groups = ["-preset", "veryfast", "-bf", "3", "-b_strategy", "0", "-g", "24"]
    open_groups += ["-x264-params", "open-gop=1"]
    source = make(tmp_path / "open.mkv", *picture(8), "-vf", STAIRS, *X264, *open_groups)

    _, result = made(bench, source)

    assert result.storyboard_key is not None
    text = bench.file(result.storyboard_key).read_text()
    places = re.findall(r"#xywh=(\d+),(\d+),(\d+),(\d+)", text)
    assert len(places) == 8
    sprite = bench.file(result.sprite_keys[0])
    for second, (left, top, width, height) in enumerate(places):
        seen = brightness(bench, sprite, crop=f"{width}:{height}:{left}:{top}")
        assert seen == pytest.approx(level(second), abs=6)


def test_a_poster_of_odd_sides_is_not_above_its_source(bench: FolderBench, tmp_path: Path) -> None:
    odd = ["-vf", "scale=59:35,setsar=1", *X264, "-pix_fmt", "yuv444p"]
    source = make(tmp_path / "odd.mp4", *picture(1), *odd)

    _, result = made(bench, source, count=1)

    assert (result.posters[0].width_px, result.posters[0].height_px) == (58, 34)


def test_posters_are_spread_and_their_times_are_true(bench: FolderBench, tmp_path: Path) -> None:
    late = ("-output_ts_offset", "6.4")
    source = make(tmp_path / "stairs.mkv", *picture(9), *tone(9), "-vf", STAIRS, *X264, *late)

    facts, result = made(bench, source, count=3, interval_s=3)

    assert facts.start_s > 1
    assert len(result.posters) == 3
    for index, poster in enumerate(result.posters):
        assert index * 3 <= poster.at_s < index * 3 + 3
        assert (poster.width_px, poster.height_px) == (320, 180)
        seen = brightness(bench, bench.file(poster.key), crop="320:180:0:0")
        assert abs(seen - level(int(poster.at_s))) < 4


def test_a_black_beginning_gives_no_black_poster(bench: FolderBench, tmp_path: Path) -> None:
    dark = "drawbox=t=fill:color=black:enable='lt(t,3)'"
    source = make(tmp_path / "dark.mp4", *picture(4), "-vf", dark, *X264)

    _, result = made(bench, source, count=1, interval_s=2)

    assert result.posters[0].at_s >= 3
    assert brightness(bench, bench.file(result.posters[0].key), crop="320:180:0:0") > 30


def test_a_turned_picture_is_shown_upright(bench: FolderBench, tmp_path: Path) -> None:
    flat = make(tmp_path / "flat.mp4", *picture(1), *X264)
    turned = make(tmp_path / "up.mp4", "-display_rotation", "90", "-i", str(flat), "-c", "copy")

    _, result = made(bench, turned, count=1)

    assert (result.posters[0].width_px, result.posters[0].height_px) == (180, 320)


def test_many_tiles_fill_several_sprites(bench: FolderBench, tmp_path: Path) -> None:
    source = make(tmp_path / "long.mp4", *picture(105, rate="5", size="64x36"), *X264, "-g", "5")

    _, result = made(bench, source, count=1)

    assert result.storyboard_key is not None
    text = bench.file(result.storyboard_key).read_text()
    assert text.count("-->") == 105
    assert text.count("task1-1/sprite-1.jpg#xywh=") == 5
    assert "task1-1/sprite-0.jpg#xywh=1440,810,160,90" in text
    below = f"assets/{ASSET_ID}/task1-1"
    assert result.sprite_keys == (f"{below}/sprite-0.jpg", f"{below}/sprite-1.jpg")
    assert bench.reports[-1][""] == pytest.approx(1.0)


def test_a_last_frame_shown_for_long_still_gives_posters(
    bench: FolderBench, tmp_path: Path
) -> None:
    still = "select='lt(n,10)+eq(n,249)'"
    source = make(tmp_path / "held.mkv", *picture(10), "-vf", still, "-fps_mode", "vfr", *X264)

    _, result = made(bench, source, count=3, interval_s=2)

    assert len(result.posters) == 3


def test_sound_alone_has_a_drawn_poster_and_no_storyboard(
    bench: FolderBench, tmp_path: Path
) -> None:
    _, result = made(bench, make(tmp_path / "tone.m4a", *tone(1), "-c:a", "aac"))

    assert [(one.width_px, one.height_px) for one in result.posters] == [(1280, 720)]
    assert result.storyboard_key is None


@pytest.mark.parametrize("interval_s", [10, 3])
def test_an_asset_shorter_than_a_tile_has_one(
    bench: FolderBench, tmp_path: Path, interval_s: int
) -> None:
    source = make(tmp_path / "short.mp4", *picture(3), *X264)

    _, result = made(bench, source, interval_s=interval_s)

    assert result.storyboard_key is not None
    text = bench.file(result.storyboard_key).read_text()
    assert text.count("-->") == 1
    assert "00:00:00.000 --> 00:00:03.000" in text
