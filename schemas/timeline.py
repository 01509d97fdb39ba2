"""What of an asset can be played now: the playlists are text made from this."""

from pydantic import AwareDatetime, Field

from schemas.frozen import Frozen, Ratio
from schemas.vocabulary import AssetId, JobId, Medium, VideoRange


class TimelineSegment(Frozen):
    """One published segment."""

    index: int
    duration_s: Ratio
    size_bytes: int
    key: str
    init_key: str
    #: Equal digests mean the same init segment, whatever its key.
    init_sha256: str
    #: Where it begins on the clock of its broadcast; None for what is no broadcast.
    start_ms: int | None = None
    #: Times or codecs do not go on from the segment before.
    is_discontinuous: bool = False


class RenditionTimeline(Frozen):
    """One rendition: the unbroken run of its published segments from index 0."""

    name: str
    medium: Medium
    #: RFC 6381.
    codecs: str
    #: Planned ceiling; measured figures come from the segments.
    bitrate_bps: int
    width_px: int | None = None
    height_px: int | None = None
    frame_rate: Ratio | None = None
    video_range: VideoRange = VideoRange.SDR
    channels: int | None = None
    sample_rate_hz: int | None = None
    language: str | None = None
    #: For a menu; unique within its medium.
    title: str = ""
    #: A viewer gets it unless choosing another; every picture is one.
    is_default: bool = True
    #: ffprobe's words for what the track is, e.g. ``comment``.
    dispositions: tuple[str, ...] = ()
    segments: tuple[TimelineSegment, ...]


class Timeline(Frozen):
    """All renditions of the job whose output an asset plays."""

    asset_id: AssetId
    job_id: JobId
    #: Source seconds of the whole asset.
    duration_s: Ratio
    #: Aimed segment length; the target duration follows from it and the segments.
    segment_s: int
    #: Segments are encrypted with the job's content key.
    is_encrypted: bool = False
    #: When a broadcast began: the zero of its clock.
    opened_at: AwareDatetime | None = None
    #: No more segments will come: the job ended, well or not.
    is_ended: bool
    renditions: tuple[RenditionTimeline, ...]
    #: Final files: name below the media address → object key.
    files: dict[str, str] = Field(default_factory=dict)
