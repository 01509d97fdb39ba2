"""Sources of every kind are proven without a false alarm."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from schemas.certificate import Verdict
from schemas.trim import Trim
from schemas.watermark import Watermark
from tests.support.clips import Clips
from tests.support.hand_work import SMALL
from tests.support.proven import Broken, ProvenAsset, failed, only

_SCENE = ("-f", "lavfi", "-i", "testsrc2=s=160x96:r=25")
_NOISE = ("-f", "lavfi", "-i", "anoisesrc=c=pink:r=48000:seed=7:a=0.4")
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "40", "-c:a", "aac")
_LENGTH = ("-t", "5")
#: Three chunks of eight seconds and more.
LONG = SMALL.model_copy(update={"chunk_s": 8, "first_chunk_segments": 2})


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("kinds"))


def _verdicts(asset: ProvenAsset) -> Mapping[str, Verdict]:
    try:
        points = asset.prove()
        assert [flaw for point in points for flaw in point.flaws] == []
        return {point.name.value: point.verdict for point in points}
    finally:
        asset.pipeline.close()


@pytest.mark.parametrize(
    ("suffix", "flags"),
    [
        # It begins at 6.4 s of its own clock.
        ("mkv", (*_SCENE, *_NOISE, *_LENGTH, *_H264, "-output_ts_offset", "6.4")),
        # Frames at the beat of 30, a third of them missing.
        (
            "mp4",
            (
                *("-f", "lavfi", "-i", "testsrc2=s=160x96:r=30", *_NOISE, *_LENGTH, *_H264),
                *("-vf", "select='mod(n\\,7)*mod(n\\,3)'", "-fps_mode", "vfr"),
            ),
        ),
        # The sound comes a second late.
        ("mp4", (*_SCENE, "-itsoffset", "1", *_NOISE, *_LENGTH, *_H264)),
        # Phones turn by a note.
        ("mp4", ("-display_rotation", "90", "-i", "CLIP", "-c", "copy")),
        # Fields.
        (
            "mkv",
            (
                *("-f", "lavfi", "-i", "testsrc2=s=160x96:r=50", *_NOISE, *_LENGTH),
                *("-vf", "interlace", "-c:v", "mpeg2video", "-flags", "+ildct+ilme"),
                *("-b:v", "2M", "-c:a", "mp2"),
            ),
        ),
        # Fields that are decoded one by one, and begin at 6.4 s.
        (
            "mkv",
            (
                *("-f", "lavfi", "-i", "testsrc2=s=160x96:r=50", *_NOISE, *_LENGTH),
                *("-vf", "interlace,separatefields", "-c:v", "libx265", "-preset", "ultrafast"),
                *("-x265-params", "log-level=error:interlace=tff:keyint=50"),
                *("-output_ts_offset", "6.4"),
            ),
        ),
        # Smaller than the small pictures are made from, a frame every fifth of a second.
        (
            "mkv",
            (
                *("-f", "lavfi", "-i", "testsrc2=s=64x36:r=5", "-t", "20"),
                *("-c:v", "mpeg4", "-q:v", "2"),
            ),
        ),
        # Another rate, open groups, and what every camera writes.
        (
            "mov",
            (
                *("-f", "lavfi", "-i", "testsrc2=s=160x96:r=60000/1001", *_LENGTH),
                *("-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-g", "50"),
                *("-x264-params", "open-gop=1:keyint=50:min-keyint=50"),
            ),
        ),
    ],
    ids=[
        "late start",
        "variable rate",
        "late sound",
        "rotated",
        "interlaced",
        "fields",
        "tiny",
        "no sound",
    ],
)
def test_a_good_asset_raises_no_alarm(
    clips: Clips, suffix: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    plain = clips.make("mp4", [*_SCENE, *_NOISE, *_LENGTH, *_H264]).path
    made = clips.make(suffix, [str(plain) if flag == "CLIP" else flag for flag in flags])

    verdicts = _verdicts(ProvenAsset(made.path, tmp_path))

    assert set(verdicts.values()) == {Verdict.PASSED}


def test_what_stands_still_cannot_be_told_apart(clips: Clips, tmp_path: Path) -> None:
    still = ("-f", "lavfi", "-i", "color=gray:s=160x96:r=25", *_LENGTH)
    silent = ("-f", "lavfi", "-i", "anullsrc=r=48000", *_LENGTH, *_H264)
    asset = ProvenAsset(clips.make("mp4", [*still, *silent]).path, tmp_path)

    verdicts = _verdicts(asset)

    undecided = {name for name, verdict in verdicts.items() if verdict is Verdict.UNDECIDED}
    assert undecided == {"pictures", "sound", "loudness"}


def test_a_fade_and_a_cut_raise_no_alarm(clips: Clips, tmp_path: Path) -> None:
    faded = "fade=in:0:50,fade=out:75:25,noise=alls=20:allf=t"
    flags = [*_SCENE, *_NOISE, *_LENGTH, "-vf", faded, *_H264]

    verdicts = _verdicts(ProvenAsset(clips.make("mp4", flags).path, tmp_path))

    assert verdicts["pictures"] is Verdict.PASSED


def test_sound_alone_is_proven(clips: Clips, tmp_path: Path) -> None:
    asset = ProvenAsset(clips.make("m4a", [*_NOISE, *_LENGTH, "-c:a", "aac"]).path, tmp_path)

    points = asset.prove()
    asset.pipeline.close()

    assert failed(points) == {}
    assert only(points, "sound", "audio").verdict is Verdict.PASSED


def test_a_watermark_on_a_stretch_of_the_source_raises_no_alarm(
    clips: Clips, tmp_path: Path
) -> None:
    mark = ["-f", "lavfi", "-i", "color=red:s=40x24", "-frames:v", "1", "-c:v", "png"]
    png = clips.run([*mark, "-f", "image2pipe", "-"])
    watermark = Watermark(png_base64=b64encode(png).decode(), width_share=0.3)
    trim = Trim(start_s=Fraction("1.3"), end_s=Fraction("4.1"))
    profile = SMALL.model_copy(update={"watermark": watermark, "trim": trim})
    made = clips.make("mp4", [*_SCENE, *_NOISE, *_LENGTH, *_H264])

    verdicts = _verdicts(ProvenAsset(made.path, tmp_path, profile))

    assert set(verdicts.values()) == {Verdict.PASSED}


@pytest.fixture(scope="module")
def long(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProvenAsset]:
    """Long enough that only shots of the source are compared, from keyframes in between on."""
    flags = [*_SCENE, *_NOISE, "-t", "30", *_H264, "-output_ts_offset", "6.4"]
    asset = ProvenAsset(clips.make("mkv", flags).path, tmp_path_factory.mktemp("long"), LONG)
    yield asset
    asset.pipeline.close()


def test_shots_of_a_long_source_are_enough_to_pass(long: ProvenAsset) -> None:
    points = long.prove()

    assert {point.verdict for point in points} == {Verdict.PASSED}
    figures = {figure.name: figure.value for figure in only(points, "pictures", "96p").figures}
    assert 100 < figures["n_compared"] < 500
    assert figures["n_told_apart"] == figures["n_compared"]


def test_a_shift_behind_a_late_seam_is_seen_in_shots(long: ProvenAsset) -> None:
    broken = Broken(long.pictures_from(long.source, 2, moved_s=Fraction(-1, 25)))

    points = long.prove(broken)

    assert failed(points) == {"pictures": {"96p"}}
    first = long.params.plan.chunks[2].first_frame
    assert only(points, "pictures", "96p").flaws[0].segment == first // 50


def test_a_segment_of_another_time_is_seen_in_shots(long: ProvenAsset, clips: Clips) -> None:
    """Its times are right, its pictures are those of five seconds later."""
    broken = Broken(long.pictures_from(long.source, 1, moved_s=Fraction(5)))

    points = long.prove(broken)

    assert failed(points) == {"pictures": {"96p"}}
