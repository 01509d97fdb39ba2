"""Every named profile makes what it says, from a file to its playlist."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.profiles import built_in
from pipeline.settings import Settings
from schemas.profile import AudioWish, Profile, Rung
from schemas.vocabulary import VideoCodec
from tests.support.clips import Clip, Clips
from tests.support.made_chunks import Made
from tests.support.whole_asset import put_through

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "30")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    pipeline = build(Settings(data_dir=tmp_path_factory.mktemp("data"), _env_file=None))
    yield pipeline
    pipeline.close()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def clip(clips: Clips) -> Clip:
    """Fifty frames a second and large enough for the two lowest rungs of `mobile`."""
    picture = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=50"]
    sound = ["-f", "lavfi", "-i", "sine=f=440:r=44100"]
    return clips.make("mp4", [*picture, *sound, "-t", "2.4", *X264, "-c:a", "aac"])


#: Rungs, codecs string (its beginning), size, frame rate, and what ffprobe calls the codec.
NAMED: dict[str, tuple[list[str], str, str, str]] = {
    "default": (["360p"], "avc1.6400", "mp4a.40.2", "50/1"),
    "auto": (["360p"], "avc1.6400", "mp4a.40.2", "50/1"),
    "archive": (["360p"], "avc1.6400", "mp4a.40.2", "50/1"),
    "fast": (["360p"], "avc1.6400", "mp4a.40.2", "50/1"),
    "quality": (["360p"], "avc1.6400", "mp4a.40.2", "50/1"),
    "mobile": (["360p", "240p"], "avc1.4d40", "mp4a.40.2", "25/1"),
    "hevc": (["360p"], "hvc1.1.6.L", "mp4a.40.2", "50/1"),
    "av1": (["360p"], "av01.0.", "mp4a.40.2", "50/1"),
    "vp9-opus": (["360p"], "vp09.00.", "opus", "50/1"),
}
#: What x264 writes of its settings into the first frame.
X264_SETTINGS = {
    "default": ("subme=2", "crf=23.0", "vbv_maxrate=800"),
    "fast": ("subme=1", "crf=23.0", "vbv_maxrate=960"),
    "quality": ("subme=8", "crf=20.0", "vbv_maxrate=900"),
    "archive": ("subme=7", "crf=17.0"),
    "mobile": ("subme=2", "crf=23.0", "vbv_maxrate=550"),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_profile_makes_what_it_says(
    name: str, clip: Clip, pipeline: Pipeline, tmp_path: Path
) -> None:
    rungs, codec, sound, rate = NAMED[name]
    profile = built_in().get(name)

    whole = put_through(pipeline, clip.path, profile, tmp_path)

    assert [each.name for each in whole.timeline.renditions] == [*rungs, "audio"]
    for rung in rungs:
        rendition, stream = whole.rendition(rung), whole.stream(rung)
        assert rendition.codecs.startswith(codec)
        assert (stream["pix_fmt"], stream["r_frame_rate"]) == ("yuv420p", rate)
        assert (stream["width"], stream["height"]) == (rendition.width_px, rendition.height_px)
        assert stream["height"] == int(rung.removesuffix("p"))
        wanted = f"RESOLUTION={stream['width']}x{stream['height']}"
        assert f'CODECS="{rendition.codecs},{sound}",{wanted}' in whole.master
        assert len(whole.decode(rung, "-f", "framecrc").splitlines()) > 2.3 * stream_rate(stream)
    assert whole.rendition("audio").codecs == sound
    assert whole.stream("audio")["sample_rate"] == "48000"
    assert profile.has_download is any(whole.folder.rglob("download.mp4"))
    settings = whole.segments(rungs[0])[0]
    for setting in X264_SETTINGS.get(name, ()):
        assert f" {setting} ".encode() in settings, setting


def stream_rate(stream: Any) -> float:
    numerator, denominator = stream["r_frame_rate"].split("/")
    return int(numerator) / int(denominator)


def test_the_audio_profile_makes_sound_alone(
    clip: Clip, pipeline: Pipeline, tmp_path: Path
) -> None:
    whole = put_through(pipeline, clip.path, built_in().get("audio"), tmp_path)

    assert [(each.name, each.codecs) for each in whole.timeline.renditions] == [
        ("audio", "mp4a.40.2")
    ]
    assert "RESOLUTION" not in whole.master
    assert whole.stream("audio")["codec_type"] == "audio"


def small(codec: VideoCodec, **changes: Any) -> Profile:
    ladder = (
        Rung(name="180p", height_px=180, bitrate_bps=900_000),
        Rung(name="90p", height_px=90, bitrate_bps=300_000),
    )
    wishes = {"preset": "ultrafast", "segment_s": 1, "chunk_s": 4, **changes}
    return Profile(name="small", video_codec=codec, ladder=ladder, audio=AudioWish(), **wishes)


@pytest.mark.parametrize("codec", VideoCodec)
def test_keyframes_inside_segments_stand_where_they_were_wished(
    codec: VideoCodec, clips: Clips, pipeline: Pipeline, tmp_path: Path
) -> None:
    clip = clips.constant("30000/1001", seconds=5)
    profile = small(codec, keyframe_interval_s="1/3", crf=40)

    whole = put_through(pipeline, clip.path, profile, tmp_path)

    for rung in ("180p", "90p"):
        counts = [len(samples) for samples in whole.samples(rung)]
        # The first chunk is two segments, so that there is a seam in it.
        assert counts == [30, 30, 30, 30, 30]
        for samples in whole.samples(rung):
            keys = [number for number, sample in enumerate(samples) if sample.is_sync]
            assert keys == [0, 10, 20]
        assert len(whole.decode(rung, "-f", "framecrc").splitlines()) >= 150


@pytest.mark.parametrize("codec", VideoCodec)
def test_a_lower_crf_spends_more_bytes(codec: VideoCodec, clips: Clips, tmp_path: Path) -> None:
    clip = clips.constant("25", seconds=2)

    n_bytes = [
        sum(map(len, Made(clip, tmp_path / str(crf), small(codec, crf=crf)).segments("90p")))
        for crf in (20, 40)
    ]

    assert n_bytes[0] > 1.5 * n_bytes[1]
