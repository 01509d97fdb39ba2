"""Sources of every kind are proven without a false alarm."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from schemas.certificate import Verdict
from tests.support.clips import Clips
from tests.support.proven import ProvenAsset, failed, only

_SCENE = ("-f", "lavfi", "-i", "testsrc2=s=160x96:r=25")
_NOISE = ("-f", "lavfi", "-i", "anoisesrc=c=pink:r=48000:seed=7:a=0.4")
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "40", "-c:a", "aac")
_LENGTH = ("-t", "5")


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("kinds"))


def _verdicts(asset: ProvenAsset) -> Mapping[str, Verdict]:
    try:
        points = asset.prove()
        assert failed(points) == {}
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
    ids=["late start", "variable rate", "late sound", "rotated", "interlaced", "no sound"],
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
