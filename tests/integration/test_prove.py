"""A good asset passes every point; broken in one way, exactly the right ones fail."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from schemas.certificate import PointName, Verdict
from tests.support.clips import Clips
from tests.support.proven import Broken, ProvenAsset, failed, only

RUNGS = {"180p", "96p"}
#: Moving pictures and sound that is never twice the same.
_SCENE = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25"]
_NOISE = ["-f", "lavfi", "-i", "anoisesrc=c=pink:r=48000:seed=7:a=0.4"]
_ENCODED = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "37", "-c:a", "aac"]
_SEAM = 50


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("proof-clips"))


@pytest.fixture(scope="session")
def source(clips: Clips) -> Path:
    return clips.make("mp4", [*_SCENE, *_NOISE, "-t", "8", *_ENCODED]).path


@pytest.fixture(scope="session")
def asset(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProvenAsset]:
    made = ProvenAsset(source, tmp_path_factory.mktemp("proof"))
    yield made
    made.pipeline.close()


def test_a_good_asset_passes_every_point(asset: ProvenAsset) -> None:
    points = asset.prove()

    assert {point.verdict for point in points} == {Verdict.PASSED}
    assert {point.name for point in points} == set(PointName)
    pictures = {figure.name: figure.value for figure in only(points, "pictures", "180p").figures}
    assert pictures["n_compared"] == pictures["n_told_apart"] == 200
    likeness = {figure.name: figure.value for figure in only(points, "likeness", "180p").figures}
    assert likeness["ssim"] > 0.9
    assert likeness["vmaf"] > 80


@pytest.mark.parametrize("frames", [1, -1])
def test_pictures_one_frame_off(asset: ProvenAsset, source: Path, frames: int) -> None:
    broken = Broken(asset.pictures_from(source, 1, moved_s=Fraction(frames, 25)))

    points = asset.prove(broken)

    assert failed(points) == {"pictures": RUNGS}
    flaws = only(points, "pictures", "180p").flaws
    assert [flaw.segment for flaw in flaws] == [1, 2, 3]
    assert f"{frames:+d} frames" in flaws[0].detail


def test_pictures_of_a_source_whose_start_was_forgotten(asset: ProvenAsset, source: Path) -> None:
    broken = Broken(asset.pictures_from(source, 0, moved_s=Fraction(5)))

    points = asset.prove(broken)

    assert failed(points) == {"pictures": RUNGS}
    assert "+5.0" in only(points, "pictures", "96p").flaws[0].detail


def test_a_frame_repeated_at_a_seam(asset: ProvenAsset, clips: Clips, source: Path) -> None:
    frozen = f"[0:v]split[a][b];[a][b]freezeframes=first={_SEAM}:last={_SEAM}:replace={_SEAM - 1}"
    other = clips.make("mp4", ["-i", str(source), "-filter_complex", frozen, *_ENCODED])

    points = asset.prove(Broken(asset.pictures_from(other.path, 1)))

    assert failed(points) == {"pictures": RUNGS}
    (flaw,) = only(points, "pictures", "96p").flaws
    assert (flaw.segment, flaw.at_s) == (1, 2.0)


def test_a_frame_dropped_at_a_seam(asset: ProvenAsset, clips: Clips, source: Path) -> None:
    dropped = f"select='not(eq(n,{_SEAM}))',setpts=N/25/TB,tpad=stop_mode=clone:stop=1"
    other = clips.make("mp4", ["-i", str(source), "-vf", dropped, "-r", "25", *_ENCODED])

    points = asset.prove(Broken(asset.pictures_from(other.path, 1)))

    assert failed(points) == {"pictures": RUNGS}
    assert only(points, "pictures", "180p").flaws[0].segment == 1


def test_a_segment_of_another_rung(asset: ProvenAsset) -> None:
    other = asset.read(asset.segment("96p", 1).key, Broken())

    points = asset.prove(Broken({asset.segment("180p", 1).key: other}))

    found = failed(points)
    assert found["decoding"] == {"180p"}
    assert set(found) <= {"decoding", "pictures", "likeness"}
    assert only(points, "decoding", "180p").flaws[0].segment == 1


def test_a_segment_of_another_time(asset: ProvenAsset) -> None:
    other = asset.read(asset.segment("180p", 2).key, Broken())

    points = asset.prove(Broken({asset.segment("180p", 1).key: other}))

    assert failed(points)["times"] == {"180p"}


def test_sound_that_is_late(asset: ProvenAsset, clips: Clips, source: Path) -> None:
    late = ["-i", str(source), "-af", "adelay=60:all=1", "-t", "8", *_ENCODED]

    points = asset.prove(asset.sound_from(clips.make("mp4", late).path))

    assert failed(points) == {"sound": {"audio"}, "sync": {"audio"}}
    assert "+0.060 s" in only(points, "sound", "audio").flaws[0].detail


def test_silence_in_place_of_sound(asset: ProvenAsset, clips: Clips, source: Path) -> None:
    silent = clips.make("mp4", ["-i", str(source), "-af", "volume=0", *_ENCODED])

    points = asset.prove(asset.sound_from(silent.path))

    assert failed(points) == {"sound": {"audio"}, "loudness": {"audio"}}


def test_sound_that_is_another(asset: ProvenAsset, clips: Clips, source: Path) -> None:
    noise = ["-f", "lavfi", "-i", "anoisesrc=c=pink:r=48000:seed=8:a=0.4"]
    flags = ["-i", str(source), *noise, "-map", "0:v", "-map", "1:a", "-t", "8", *_ENCODED]

    points = asset.prove(asset.sound_from(clips.make("mp4", flags).path))

    assert failed(points) == {"sound": {"audio"}}


def test_sound_that_is_louder(asset: ProvenAsset, clips: Clips, source: Path) -> None:
    loud = clips.make("mp4", ["-i", str(source), "-af", "volume=-4dB", *_ENCODED])

    points = asset.prove(asset.sound_from(loud.path))

    assert failed(points) == {"loudness": {"audio"}}


def test_a_segment_with_a_few_bits_flipped(asset: ProvenAsset) -> None:
    segment = asset.segment("180p", 2)
    data = bytearray(asset.read(segment.key, Broken()))
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 8] = bytes(byte ^ 0xFF for byte in data[middle : middle + 8])

    points = asset.prove(Broken({segment.key: bytes(data)}))

    found = failed(points)
    assert found["decoding"] == {"180p"}
    assert set(found) <= {"decoding", "pictures", "likeness"}
    assert [flaw.segment for flaw in only(points, "decoding", "180p").flaws] == [2]


def test_a_segment_that_is_gone(asset: ProvenAsset) -> None:
    points = asset.prove(Broken({asset.segment("96p", 3).key: None}))

    assert failed(points) == {"decoding": {"96p"}}


def test_a_segment_that_is_cut_off(asset: ProvenAsset) -> None:
    segment = asset.segment("audio", 1)
    data = asset.read(segment.key, Broken())

    points = asset.prove(Broken({segment.key: data[: len(data) // 2]}))

    assert failed(points)["decoding"] == {"audio"}


def test_a_length_the_playlist_makes_up(asset: ProvenAsset) -> None:
    key = asset.timeline.files["180p.m3u8"]
    text = asset.read(key, Broken()).decode().replace("#EXTINF:2.000000", "#EXTINF:1.998500", 1)

    points = asset.prove(Broken({key: text.encode()}))

    assert failed(points) == {"extinf": {"180p"}}
    assert only(points, "extinf", "180p").flaws[0].segment == 0


def test_colours_that_are_not_announced(asset: ProvenAsset) -> None:
    video = asset.params.facts.video
    assert video is not None
    tagged = video.model_copy(
        update={
            "color_space": "bt709",
            "color_primaries": "bt709",
            "color_transfer": "bt709",
        }
    )
    facts = asset.params.facts.model_copy(update={"video": tagged})

    points = asset.prove(Broken(params=asset.params.model_copy(update={"facts": facts})))

    assert failed(points) == {"announced": RUNGS}


def test_a_codec_that_is_not_announced(asset: ProvenAsset) -> None:
    key = asset.timeline.files["master.m3u8"]
    text = asset.read(key, Broken()).decode().replace("avc1.", "avc3.")

    points = asset.prove(Broken({key: text.encode()}))

    assert failed(points) == {"announced": RUNGS}


def test_a_segment_that_does_not_begin_with_a_keyframe(asset: ProvenAsset) -> None:
    segment = asset.segment("96p", 1)
    data = bytearray(asset.read(segment.key, Broken()))
    run = data.index(b"trun")
    assert struct.unpack_from(">I", data, run + 4)[0] & 0x4, "no flags of the first sample"
    struct.pack_into(">I", data, run + 16, 0x0101_0000)

    points = asset.prove(Broken({segment.key: bytes(data)}))

    assert failed(points) == {"keyframes": {None}}


def test_an_init_segment_that_is_not_the_published_one(asset: ProvenAsset) -> None:
    first = asset.segment("180p", 0)
    data = bytearray(asset.read(first.init_key, Broken()))
    data[data.index(b"hdlr") + 24] ^= 0x20

    points = asset.prove(Broken({first.init_key: bytes(data)}))

    assert failed(points) == {"inits": {"180p"}}


def test_init_segments_that_differ(asset: ProvenAsset) -> None:
    rung = asset.rendition("180p")
    last = rung.segments[-1].model_copy(update={"init_sha256": "0" * 64})
    other = rung.model_copy(update={"segments": (*rung.segments[:-1], last)})
    renditions = tuple(other if each is rung else each for each in asset.timeline.renditions)

    points = asset.prove(
        Broken(timeline=asset.timeline.model_copy(update={"renditions": renditions}))
    )

    assert failed(points) == {"inits": {"180p"}}
