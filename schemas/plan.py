"""Decisions: what exactly will be made of a source. Made by ``pipeline.core.plan``, pure data."""

from typing import Literal

from schemas.frozen import Frozen, Ratio
from schemas.media import MediaWarning
from schemas.vocabulary import AudioCodec, Deinterlace, OnDamage, VideoCodec, VideoRange
from schemas.watermark import WatermarkPlan


class RungPlan(Frozen):
    """One rendition of the picture as it will be made."""

    name: str
    codec: VideoCodec
    width_px: int
    height_px: int
    bitrate_bps: int
    crf: int
    #: Of H.264 alone.
    h264_profile: Literal["main", "high"] = "high"
    #: 8, or 10 where HDR is kept.
    bit_depth: int = 8
    video_range: VideoRange = VideoRange.SDR


class RungMeasure(Frozen):
    """What samples of a source cost and look like at one rung."""

    name: str
    #: Mean over the samples.
    bitrate_bps: int
    #: Mean VMAF against the source, shown at the size of the highest rung; 0–100.
    vmaf: float


class LoudnessPlan(Frozen):
    """How loud a rendition will be (EBU R128)."""

    integrated_lufs: float
    #: No true peak may be above it, in dB of full scale.
    true_peak_dbtp: float


class AudioPlan(Frozen):
    """One rendition of one sound track."""

    name: str
    #: Stream index of its track inside the file.
    source_index: int
    codec: AudioCodec
    channels: int
    sample_rate_hz: int
    bitrate_bps: int
    language: str | None = None
    #: For a menu; unique among the sounds of a job.
    title: str = ""
    is_default: bool = True
    #: The track's dispositions, e.g. ``comment``.
    dispositions: tuple[str, ...] = ()
    #: None leaves the track as loud as it is.
    loudness: LoudnessPlan | None = None


class SubtitlePlan(Frozen):
    """One rendition of one subtitle track, as WebVTT."""

    name: str
    source_index: int
    codec: str
    language: str | None = None
    #: For a menu; unique among the subtitles of a job.
    title: str
    is_default: bool = False
    #: The track's dispositions, e.g. ``forced``.
    dispositions: tuple[str, ...] = ()


class Grid(Frozen):
    """The output's time grid: frame n is shown at n / frame_rate seconds from the asset's zero."""

    frame_rate: Ratio
    #: Frames of the whole asset.
    n_frames: int
    #: Frames of one segment; the last may be shorter.
    segment_frames: int
    #: Evenly spaced, the first at the segment's start.
    keyframes_per_segment: int = 1
    #: Source time of the asset's zero, in seconds.
    source_start_s: Ratio


class ChunkPlan(Frozen):
    """A half-open range of grid frames that one encode task turns into segments."""

    index: int
    first_frame: int
    end_frame: int


class MediaPlan(Frozen):
    """Everything the tasks of a job need to know; a snapshot goes into each task's params."""

    grid: Grid | None
    rungs: tuple[RungPlan, ...]
    chunks: tuple[ChunkPlan, ...]
    #: The rung that the source is copied into instead of encoded.
    copied_rung: str | None = None
    #: The first is the default one.
    audios: tuple[AudioPlan, ...] = ()
    subtitles: tuple[SubtitlePlan, ...] = ()
    segment_s: int
    preset: str
    watermark: WatermarkPlan | None = None
    is_encrypted: bool = False
    deinterlace: Deinterlace = Deinterlace.FRAME
    has_download: bool = False
    duration_s: Ratio
    thumbnail_count: int
    storyboard_interval_s: int
    estimated_bytes: int
    estimated_cpu_s: float
    #: Disk one encode task needs for its outputs, beside the source.
    scratch_bytes: int
    on_damage: OnDamage = OnDamage.PUBLISH
    warnings: tuple[MediaWarning, ...] = ()


class PlannedCommand(Frozen):
    """One command line of a plan, shown by ``dry_run`` and ``reelmill plan``."""

    task: str
    queue: str
    argv: tuple[str, ...]
