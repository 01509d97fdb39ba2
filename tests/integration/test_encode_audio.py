"""The sound, encoded whole: in step with the picture, without gaps, published as it comes."""

import array
from pathlib import Path

import pytest

from pipeline.core.errors import LeaseLost
from schemas.plan import AudioPlan
from schemas.tasks import EncodeAudioParams, SourceRef
from schemas.vocabulary import AssetId, AudioCodec
from tests.support.benches import FolderBench
from tests.support.clips import Clip, Clips
from workers.steps import encode_audio

SOURCE = SourceRef(asset_id=AssetId("a1"), key="k", size_bytes=1, sha256="0" * 64)
AAC = AudioPlan(
    name="audio",
    source_index=1,
    codec=AudioCodec.AAC,
    channels=2,
    sample_rate_hz=48_000,
    bitrate_bps=128_000,
)
OPUS = AAC.model_copy(update={"codec": AudioCodec.OPUS})
#: One AAC frame.
FRAME_S = 1024 / 48_000
#: Silence but for a tone from 2 s to 4 s.
BEEP = "0.5*sin(2*PI*440*t)*between(t\\,2\\,4)"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


class Sound:
    """An encoded sound track, as a player gets it."""

    def __init__(self, clip: Clip, folder: Path, plan: AudioPlan = AAC) -> None:
        self.bench = FolderBench(folder, clip.path)
        self.path = folder / "all.mp4"
        self.result = encode_audio.run(params(clip, plan), self.bench)
        stored = self.bench.stored
        names = [self.bench.renditions[0].init_key, *(each.key for each in self.bench.published)]
        self.path.write_bytes(b"".join((stored / name).read_bytes() for name in names))

    def start_s(self, clips: Clips) -> float:
        found = clips.probe(self.path, "-show_packets", "-read_intervals", "%+#1")
        return float(found["packets"][0]["pts_time"])

    def loud_s(self, clips: Clips) -> tuple[float, float]:
        """When the tone begins and ends, from the asset's zero."""
        flags = ["-i", str(self.path), "-ac", "1", "-f", "s16le", "-"]
        samples = array.array("h", clips.run(flags))
        loud = [number for number, sample in enumerate(samples) if abs(sample) > 2000]
        start_s = self.start_s(clips) - 10
        return start_s + loud[0] / 48_000, start_s + loud[-1] / 48_000


def params(clip: Clip, plan: AudioPlan = AAC) -> EncodeAudioParams:
    zero_s = clip.facts.start_s
    track = clip.facts.audios[0].index
    return EncodeAudioParams(
        source=SOURCE,
        facts=clip.facts,
        audio=plan.model_copy(update={"source_index": track}),
        segment_s=4,
        zero_s=zero_s,
    )


def with_sound(sound: str, *, output: tuple[str, ...] = (), late_s: str = "0") -> list[str]:
    """Flags for six seconds of picture with a sound that starts ``late_s`` after it."""
    return [
        *("-f", "lavfi", "-i", "testsrc2=s=64x36:r=25:d=6"),
        *("-itsoffset", late_s, "-f", "lavfi", "-i", sound),
        *("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2"),
        *output,
    ]


KINDS = {
    "AAC in MP4": ("mp4", with_sound(f"aevalsrc={BEEP}:s=44100:d=6", output=("-c:a", "aac"))),
    "a file that starts at 6.4 s": (
        "mkv",
        with_sound(
            f"aevalsrc={BEEP}:s=48000:d=6",
            output=("-c:a", "flac", "-output_ts_offset", "6.4"),
        ),
    ),
    "mono at 22,050 Hz": (
        "mov",
        with_sound(f"aevalsrc={BEEP}:s=22050:d=6:c=mono", output=("-c:a", "pcm_s16le")),
    ),
    "5.1": (
        "mkv",
        with_sound(f"aevalsrc={'|'.join([BEEP] * 6)}:s=48000:d=6:c=5.1", output=("-c:a", "ac3")),
    ),
    "MPEG-TS": ("ts", with_sound(f"aevalsrc={BEEP}:s=48000:d=6", output=("-c:a", "mp2"))),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plan", [AAC, OPUS], ids=lambda plan: plan.codec)
def test_sound_stays_with_the_picture(
    kind: str, plan: AudioPlan, clips: Clips, tmp_path: Path
) -> None:
    clip = clips.make(*KINDS[kind])

    sound = Sound(clip, tmp_path, plan)

    assert clip.facts.video is not None
    picture_s = float(clip.facts.video.start_s - clip.facts.start_s)
    first_s, last_s = sound.loud_s(clips)
    assert first_s - picture_s == pytest.approx(2, abs=FRAME_S)
    assert last_s - picture_s == pytest.approx(4, abs=FRAME_S)


def test_a_late_start_is_filled_with_silence(clips: Clips, tmp_path: Path) -> None:
    flags = with_sound(f"aevalsrc={BEEP}:s=48000:d=4", late_s="1.5", output=("-c:a", "pcm_s16le"))
    clip = clips.make("mkv", flags)

    sound = Sound(clip, tmp_path)

    assert sound.start_s(clips) == pytest.approx(10, abs=FRAME_S)
    assert sound.loud_s(clips)[0] == pytest.approx(3.5, abs=FRAME_S)


def test_a_gap_stays_a_gap(clips: Clips, tmp_path: Path) -> None:
    beep = "aevalsrc=0.5*sin(2*PI*440*t)*between(t\\,3\\,4):s=48000:d=6"
    clip = clips.make(
        "mkv", with_sound(f"{beep},aselect=not(between(t\\,0.5\\,1.5))", output=("-c:a", "flac"))
    )

    sound = Sound(clip, tmp_path)

    first_s, last_s = sound.loud_s(clips)
    assert first_s == pytest.approx(3, abs=FRAME_S)
    assert last_s == pytest.approx(4, abs=FRAME_S)


def test_segments_are_whole_frames_and_follow_each_other(clips: Clips, tmp_path: Path) -> None:
    clip = clips.make(*KINDS["AAC in MP4"])

    sound = Sound(clip, tmp_path)

    segments = sound.bench.published
    assert [each.index for each in segments] == list(range(sound.result.n_segments))
    assert segments[0].duration_s == pytest.approx(4, abs=2 * FRAME_S)
    assert all((each.duration_s * 48_000 / 1024).denominator == 1 for each in segments[:-1])
    total_s = sum(each.duration_s for each in segments)
    assert total_s == pytest.approx(float(clip.facts.duration_s), abs=2 * FRAME_S)
    assert {each.codecs for each in sound.bench.renditions} == {"mp4a.40.2"}
    found = clips.probe(sound.path, "-show_packets")["packets"]
    ends = [int(each["pts"]) + int(each["duration"]) for each in found]
    assert ends[:-1] == [int(each["pts"]) for each in found[1:]]


def test_sound_that_ends_early_is_filled_to_the_end(clips: Clips, tmp_path: Path) -> None:
    clip = clips.make("mkv", with_sound("sine=d=2.5", output=("-c:a", "flac")))

    sound = Sound(clip, tmp_path)

    total_s = sum(each.duration_s for each in sound.bench.published)
    assert total_s == pytest.approx(6, abs=2 * FRAME_S)


def test_segments_are_published_while_it_runs(clips: Clips, tmp_path: Path) -> None:
    clip = clips.make("wav", ["-f", "lavfi", "-i", "anoisesrc=r=48000:d=150"])
    bench = FolderBench(tmp_path, clip.path)
    counts: list[int] = []
    bench.on_publish = lambda bench: counts.append(len(bench.published))

    result = encode_audio.run(params(clip), bench)

    assert len(counts) > 1
    assert counts[-1] == result.n_segments
    assert bench.reports[-1]["audio"] == 1.0


def test_a_lost_lease_ends_it(clips: Clips, tmp_path: Path) -> None:
    clip = clips.make("wav", ["-f", "lavfi", "-i", "anoisesrc=r=48000:d=150"])
    bench = FolderBench(tmp_path, clip.path)

    def lose(_: FolderBench) -> None:
        raise LeaseLost("given away")

    bench.on_publish = lose

    with pytest.raises(LeaseLost):
        encode_audio.run(params(clip), bench)

    assert len(list(bench.scratch.rglob("*.m4s"))) < 37
