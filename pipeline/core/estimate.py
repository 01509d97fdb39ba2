"""What a plan will cost: bytes, processor time and scratch space, before anything is done.

Rough on purpose, and on the high side: it is for showing, for reserving disk and for scheduling.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.media import MediaFacts
from schemas.plan import AudioPlan, ChunkPlan, Grid, RungPlan
from schemas.vocabulary import VideoCodec

#: Share of its ceiling that a capped constant-quality encode uses on usual material.
_USED_SHARE = 0.7
#: Room in scratch beyond the ceiling: buffering of the rate control, container, init segments.
_SCRATCH_SLACK = 1.25
_SCRATCH_FLOOR_BYTES = 8 * 2**20

#: Output megapixels encoded per second of one core at "veryfast", measured on busy 720p pictures.
_ENCODE_MPX_PER_S = {
    VideoCodec.H264: 45.0,
    VideoCodec.HEVC: 15.0,
    VideoCodec.AV1: 55.0,
    VideoCodec.VP9: 6.0,
}
_DECODE_MPX_PER_S = 200.0
#: Cost of a preset beside "veryfast".
_PRESET_COST = {
    "ultrafast": 0.4,
    "superfast": 0.7,
    "veryfast": 1.0,
    "faster": 1.6,
    "fast": 2.4,
    "medium": 3.1,
    "slow": 4.5,
    "slower": 9.0,
    "veryslow": 16.0,
    "placebo": 40.0,
}
_AUDIO_SECONDS_PER_CPU_SECOND = 80.0


@dataclass(frozen=True)
class Estimate:
    """What a job will cost."""

    output_bytes: int
    cpu_s: float
    #: Most bytes one encode task has in its scratch folder, beside the source.
    scratch_bytes: int


@dataclass(frozen=True)
class Work:
    """What is to be made, as far as its cost depends on it."""

    facts: MediaFacts
    grid: Grid | None
    rungs: Sequence[RungPlan]
    chunks: Sequence[ChunkPlan]
    audios: Sequence[AudioPlan]
    preset: str


def estimate(work: Work) -> Estimate:
    """Estimate the cost of a plan."""
    duration_s = float(work.facts.duration_s)
    video_bps = sum(rung.bitrate_bps for rung in work.rungs)
    audio_bps = sum(audio.bitrate_bps for audio in work.audios)
    return Estimate(
        output_bytes=round((video_bps * _USED_SHARE + audio_bps) * duration_s / 8),
        cpu_s=round(_video_cpu_s(work) + _audio_cpu_s(work), 1),
        scratch_bytes=_scratch_bytes(work, video_bps, audio_bps),
    )


def _video_cpu_s(work: Work) -> float:
    video = work.facts.video
    if video is None or work.grid is None:
        return 0.0
    cost = _PRESET_COST.get(work.preset, 1.0)
    encode_s_per_frame = sum(
        rung.width_px * rung.height_px / 1e6 / _ENCODE_MPX_PER_S[rung.codec] * cost
        for rung in work.rungs
    )
    source_frames = float(video.duration_s * video.frame_rate)
    decode_s = source_frames * video.width_px * video.height_px / 1e6 / _DECODE_MPX_PER_S
    return work.grid.n_frames * encode_s_per_frame + decode_s


def _audio_cpu_s(work: Work) -> float:
    return float(work.facts.duration_s) * len(work.audios) / _AUDIO_SECONDS_PER_CPU_SECOND


def _scratch_bytes(work: Work, video_bps: int, audio_bps: int) -> int:
    """Take the longest chunk at its ceiling, or the whole sound if that is more."""
    chunk_s = 0.0
    if work.grid is not None:
        longest = max((chunk.end_frame - chunk.first_frame for chunk in work.chunks), default=0)
        chunk_s = float(longest / work.grid.frame_rate)
    most_bits = max(video_bps * chunk_s, audio_bps * float(work.facts.duration_s))
    return _SCRATCH_FLOOR_BYTES + round(most_bits / 8 * _SCRATCH_SLACK)
