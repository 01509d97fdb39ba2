"""Encodes the sound of a clip by the product's own step and hears the segments joined."""

from pathlib import Path

from schemas.plan import AudioPlan
from schemas.tasks import EncodeAudioParams, SourceRef
from schemas.vocabulary import AssetId, AudioCodec
from tests.support.benches import FolderBench
from tests.support.clips import Clip, Clips
from tests.support.heard import Heard
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
#: One AAC frame.
FRAME_S = 1024 / 48_000


def params(clip: Clip, plan: AudioPlan = AAC, *, track: int = 0) -> EncodeAudioParams:
    """Ask for one track of a clip, counted among its sounds."""
    return EncodeAudioParams(
        source=SOURCE,
        facts=clip.facts,
        audio=plan.model_copy(update={"source_index": clip.facts.audios[track].index}),
        segment_s=4,
        zero_s=clip.facts.start_s,
    )


def encode(
    clips: Clips, clip: Clip, folder: Path, plan: AudioPlan = AAC, *, track: int = 0
) -> Heard:
    """Run the step and decode what it published."""
    bench = FolderBench(folder, clip.path)
    encode_audio.run(params(clip, plan, track=track), bench)
    path = folder / "all.mp4"
    names = [bench.renditions[0].init_key, *(each.key for each in bench.published)]
    path.write_bytes(b"".join((bench.stored / name).read_bytes() for name in names))
    return Heard(clips, path)
