"""A trimmed asset is exactly the stretch: its pictures, its sound, its stills."""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.core import sounds
from pipeline.core.trim import used
from pipeline.services import jobs
from pipeline.settings import Settings
from schemas.profile import AudioWish, Profile, Rung
from schemas.tasks import EncodeAudioParams
from schemas.trim import Trim
from tests.support.clips import Clip, Clips
from tests.support.folder_bench import FolderBench, source_ref
from tests.support.hand_work import Hand
from tests.support.made_chunks import HEIGHT_PX, WIDTH_PX, pictures
from tests.support.whole_asset import Whole, put_through
from workers.steps import encode_audio

WHOLE = Profile(
    name="whole",
    ladder=(Rung(name="180p", height_px=180, bitrate_bps=3_000_000),),
    audio=AudioWish(bitrate_bps=256_000),
    preset="ultrafast",
    crf=18,
    segment_s=1,
    chunk_s=4,
    first_chunk_segments=1,
    storyboard_interval_s=1,
)
#: From frame 33, which is no keyframe of the source, to frame 105, both rounded to the grid.
FIRST, END = 33, 105
TRIMMED = WHOLE.model_copy(update={"trim": Trim(start_s=Fraction("1.31"), end_s=Fraction("4.21"))})
NOISE = "anoisesrc=r=44100:seed=7:amplitude=0.4"
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-g", "57")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    pipeline = build(Settings(data_dir=tmp_path_factory.mktemp("data"), _env_file=None))
    yield pipeline
    pipeline.close()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


def clip_of(clips: Clips, suffix: str) -> Clip:
    picture, sound = "testsrc2=s=320x180:r=25", ("-f", "lavfi", "-i", NOISE)
    codecs = (*X264, "-c:a", "flac") if suffix == "mkv" else (*X264, "-c:a", "aac", "-b:a", "256k")
    return clips.make(suffix, ["-f", "lavfi", "-i", picture, *sound, "-t", "6", *codecs])


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_stretch_is_exactly_its_frames_and_its_sound(
    suffix: str, clips: Clips, pipeline: Pipeline, tmp_path: Path
) -> None:
    clip = clip_of(clips, suffix)

    whole = put_through(pipeline, clip.path, WHOLE, tmp_path / "whole")
    part = put_through(pipeline, clip.path, TRIMMED, tmp_path / "part")

    source = pictures(clip.path, clips)
    shown = pictures(part.join("180p"), clips)
    # In the transport stream the picture starts later than the sound, where the asset starts.
    assert clip.facts.video is not None
    lead = round((clip.facts.video.start_s - clip.facts.start_s) * 25)
    assert (lead > 0) is (suffix == "ts")
    assert [nearest(picture, source) for picture in shown] == list(range(FIRST - lead, END - lead))
    assert part.timeline.duration_s == Fraction(END - FIRST, 25)
    assert lag(sound(whole)[FIRST * 48_000 // 25 :], sound(part)) == 0
    # AAC ends on a whole frame of 1024 samples.
    n_samples = sum(sample.duration_ticks for each in part.samples("audio") for sample in each)
    assert 0 <= n_samples - (END - FIRST) * 48_000 // 25 <= 2 * 1024


def test_a_stretch_of_film_in_pulldown_is_the_film_that_all_of_it_is(
    clips: Clips, pipeline: Pipeline, tmp_path: Path
) -> None:
    picture, woven = "testsrc2=s=320x180:r=24000/1001", ("-vf", "telecine,setfield=tff")
    fields = ("-x264-params", "tff=1", "-bf", "0", "-g", "30", "-t", "6")
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", *fields)
    clip = clips.make("mkv", ["-f", "lavfi", "-i", picture, *woven, *x264])
    # Not where a cycle of pulldown begins.
    trim = Trim(start_s=Fraction("2.1"), end_s=Fraction(4))

    whole = put_through(pipeline, clip.path, WHOLE, tmp_path / "whole")
    part = put_through(
        pipeline, clip.path, WHOLE.model_copy(update={"trim": trim}), tmp_path / "part"
    )

    film = pictures(whole.join("180p"), clips)
    shown = pictures(part.join("180p"), clips)
    rate = Fraction(24000, 1001)
    first, end = (round(at_s * rate) for at_s in (trim.start_s, trim.end_s or 0))
    assert [nearest(each, film) for each in shown] == list(range(first, end))


def nearest(picture: bytes, others: list[bytes]) -> int:
    """Find the source frame that a picture is of."""
    wanted = np.frombuffer(picture, np.uint8).astype(np.int32)
    all_of_them = np.frombuffer(b"".join(others), np.uint8).reshape(len(others), -1)
    return int(np.argmin(((all_of_them - wanted) ** 2).sum(axis=1)))


def sound(whole: Whole) -> np.ndarray:
    data = whole.decode("audio", "-f", "f32le", "-ac", "1")
    return np.frombuffer(data, dtype=np.float32)


def lag(one: np.ndarray, other: np.ndarray) -> int:
    """By how many samples the second is later than the first."""
    a, b = one[1024:50_000], other[1024:50_000]
    spectrum = np.fft.rfft(b, 131_072) * np.conj(np.fft.rfft(a, 131_072))
    found = int(np.argmax(np.fft.irfft(spectrum)))
    return found if found < 65_536 else found - 131_072


def test_stills_are_of_the_stretch(clips: Clips, pipeline: Pipeline, tmp_path: Path) -> None:
    clip = clip_of(clips, "mp4")

    part = put_through(pipeline, clip.path, TRIMMED, tmp_path)

    (sprite,) = part.folder.rglob("sprite-0.jpg")
    tiles = [tile(sprite, number, clips) for number in range(3)]
    source = pictures(clip.path, clips)
    assert [nearest(each, source) for each in tiles] == [FIRST, FIRST + 25, FIRST + 50]
    (cues,) = part.folder.rglob("storyboard.vtt")
    assert "00:00:02.000 --> 00:00:02.880" in cues.read_text()
    posters = [next(part.folder.rglob(f"poster-{number}.jpg")) for number in range(3)]
    shots = [nearest(tile(poster, 0, clips, 320), source) for poster in posters]
    assert all(FIRST <= shot < END for shot in shots)
    assert all(one < other for one, other in pairwise(shots))


def tile(image: Path, number: int, clips: Clips, width_px: int = 160) -> bytes:
    height_px = width_px * 9 // 16
    crop = f"crop={width_px}:{height_px}:{number * width_px}:0"
    grey = f"{crop},scale={WIDTH_PX}:{HEIGHT_PX}:flags=area,format=gray"
    return clips.run(["-i", str(image), "-vf", grey, "-f", "rawvideo", "-"])


def test_sound_alone_is_cut_to_the_sample(clips: Clips, pipeline: Pipeline, tmp_path: Path) -> None:
    clip = clips.make("wav", ["-f", "lavfi", "-i", NOISE, "-t", "4"])
    trim = Trim(start_s=Fraction("1.2345"))

    whole = put_through(pipeline, clip.path, WHOLE, tmp_path / "whole")
    part = put_through(
        pipeline, clip.path, WHOLE.model_copy(update={"trim": trim}), tmp_path / "part"
    )

    assert lag(sound(whole)[round(1.2345 * 48_000) :], sound(part)) == 0
    assert part.timeline.duration_s == Fraction(4) - trim.start_s


@pytest.mark.parametrize(("suffix", "most"), [("mp4", 1), ("mkv", 48)])
def test_far_into_a_source_nothing_is_decoded_for_the_bin(
    suffix: str, most: int, clips: Clips, pipeline: Pipeline, tmp_path: Path
) -> None:
    inputs = ("-f", "lavfi", "-i", "testsrc2=s=64x36:r=5", "-f", "lavfi", "-i", NOISE)
    codecs = ("-c:v", "mpeg4", "-g", "60", "-c:a", "aac", "-b:a", "256k")
    clip = clips.make(suffix, [*inputs, *codecs, "-t", "75"])
    trim = Trim(start_s=Fraction("70.2"), end_s=Fraction("73.2"))
    far = WHOLE.model_copy(update={"trim": trim, "storyboard_interval_s": 60})

    part = put_through(pipeline, clip.path, far, tmp_path / "part")

    raw = ["-af", "aresample=48000:async=1:first_pts=0", "-f", "f32le", "-ac", "1", "-"]
    heard = np.frombuffer(clips.run(["-i", str(clip.path), *raw]), np.float32)[702 * 4800 :]
    # The encoder's own run-in comes first.
    assert abs(lag(heard, sound(part)[1024 : 3 * 48_000])) <= most
    source = pictures(clip.path, clips)
    (rung,) = (each.name for each in part.timeline.renditions if each.medium == "video")
    shown = pictures(part.join(rung), clips)
    assert [nearest(each, source) for each in shown] == list(range(351, 366))


def test_a_stretch_outside_the_source_is_refused(
    clips: Clips, pipeline: Pipeline, tmp_path: Path
) -> None:
    beyond = WHOLE.model_copy(update={"trim": Trim(start_s=Fraction(6))})
    hand = Hand(pipeline, tmp_path)
    _, job_id = hand.submit(clip_of(clips, "mp4").path, beyond)

    hand.work()

    error = jobs.show(pipeline.database, job_id).error
    assert error is not None
    assert error.code == "media.trim_outside"
    assert "6.0" in error.detail


@pytest.mark.parametrize(("start_s", "n_hurt"), [(2, 0), (0, 13)])
def test_damage_outside_the_stretch_is_nobodys_loss(
    start_s: int, n_hurt: int, clips: Clips, tmp_path: Path
) -> None:
    clip = clip_of(clips, "mp4")
    path = tmp_path / "hurt.mp4"
    data = bytearray(clip.path.read_bytes())
    shown = clips.probe(
        clip.path, "-select_streams", "a", "-show_entries", "packet=pts_time,pos,size"
    )
    for packet in shown["packets"]:
        if 0.5 < float(packet["pts_time"]) < 0.8:
            start, size = int(packet["pos"]), int(packet["size"])
            data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    profile = WHOLE.model_copy(update={"trim": Trim(start_s=Fraction(start_s), end_s=Fraction(4))})
    facts = used(clip.facts, profile)
    assert facts.audio is not None

    made = encode_audio.run(
        EncodeAudioParams(
            source=source_ref(path),
            facts=facts,
            audio=sounds.plan(facts.audios, profile.audio)[0],
            segment_s=1,
            zero_s=facts.start_s,
        ),
        FolderBench(tmp_path / "bench"),
    )

    assert (made.damage.n_missing if made.damage else 0) == n_hurt


def test_subtitles_follow_the_stretch(clips: Clips, pipeline: Pipeline, tmp_path: Path) -> None:
    times = {"before": (2, 4), "across": (22, 26), "inside": (30, 32), "behind": (41, 43)}
    (tmp_path / "said.srt").write_text(
        "\n".join(
            f"{n}\n00:00:{start:02},000 --> 00:00:{end:02},000\n{words}\n"
            for n, (words, (start, end)) in enumerate(times.items(), start=1)
        )
    )
    inputs = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=5", "-i", str(tmp_path / "said.srt")]
    path = tmp_path / "film.mkv"
    clips.run([*inputs, "-t", "45", "-c:v", "mpeg4", "-c:s", "subrip", str(path)])
    trim = Trim(start_s=Fraction(24), end_s=Fraction(40))

    part = put_through(pipeline, path, WHOLE.model_copy(update={"trim": trim}), tmp_path / "part")

    text = next(part.folder.rglob("text-1.vtt")).read_text()
    # One reaches into the stretch, one lies in it, the others are cut away.
    assert re.findall(r"(\S+) --> (\S+)\n(\w+)", text) == [
        ("00:00:00.000", "00:00:02.000", "across"),
        ("00:00:06.000", "00:00:08.000", "inside"),
    ]
