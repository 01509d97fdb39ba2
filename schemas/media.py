"""Facts about a source, as probing found them: what is there, never what we wish for."""

from fractions import Fraction
from typing import Literal

from pydantic import Field

from schemas.frozen import Frozen, Ratio
from schemas.vocabulary import FieldOrder, Telecine


class Crop(Frozen):
    """Pixels the container says to take off each side of a coded picture, before it is turned."""

    left_px: int = 0
    right_px: int = 0
    top_px: int = 0
    bottom_px: int = 0


class MasteringDisplay(Frozen):
    """The screen an HDR picture was graded on (SMPTE ST 2086): CIE 1931 x and y, cd/m²."""

    red: tuple[Ratio, Ratio]
    green: tuple[Ratio, Ratio]
    blue: tuple[Ratio, Ratio]
    white: tuple[Ratio, Ratio]
    least_luminance: Ratio
    most_luminance: Ratio


class ContentLight(Frozen):
    """How bright an HDR picture gets (CTA-861.3), in cd/m²."""

    most: int
    most_average: int


class VideoFacts(Frozen):
    """The picture track that will be used."""

    #: Stream index inside the file, for ``-map 0:INDEX``.
    index: int
    codec: str
    profile: str | None = None
    #: Coded size, before crop, rotation and sample aspect ratio; of whole frames, however coded.
    width_px: int
    height_px: int
    #: Size as a viewer sees it: crop, rotation and sample aspect ratio applied, not yet even.
    display_width_px: int
    display_height_px: int
    #: Clockwise degrees the picture must be turned for display: 0, 90, 180 or 270.
    rotation_deg: int = 0
    #: The picture must be flipped left to right, before it is turned.
    is_mirrored: bool = False
    #: What the container takes off; what the codec itself takes off is no part of the coded size.
    crop: Crop | None = None
    sample_aspect_ratio: Ratio = Fraction(1)
    pixel_format: str
    bit_depth: int = 8
    #: Exact rate of a constant-rate source, nominal rate of a variable one.
    frame_rate: Ratio
    is_variable_rate: bool = False
    #: Its frames hold fields of two instants.
    is_interlaced: bool = False
    #: Which field of a frame comes first; None where frames are whole or it is not known.
    field_order: FieldOrder | None = None
    #: Only some frames are interlaced, and the decoder tells which.
    is_mixed_scan: bool = False
    #: The decoder gives single fields, half as high and twice as often as the frames stated here.
    has_separate_fields: bool = False
    #: Film stretched to 30000/1001; where it is so in the frames themselves, ``frame_rate`` is
    #: that rate, and four fifths of it the film's.
    telecine: Telecine | None = None
    has_alpha: bool = False
    color_range: str | None = None
    color_space: str | None = None
    color_transfer: str | None = None
    color_primaries: str | None = None
    mastering_display: MasteringDisplay | None = None
    content_light: ContentLight | None = None
    dolby_vision_profile: int | None = None
    #: Whether the box that probed it can bring HDR down; a job's boxes run one build of ffmpeg.
    is_tone_mappable: bool = True
    #: First presentation time in source seconds.
    start_s: Ratio
    #: The same of all of the picture, where a trim leaves out its beginning.
    whole_start_s: Ratio | None = None
    #: Decoders stamp each picture this much late: its packets have no presentation times.
    stamped_late_s: Ratio = Fraction(0)
    #: Length of the picture in seconds, from its first frame to the end of its last.
    duration_s: Ratio
    #: Frames counted or announced; None where the container does not tell.
    n_frames: int | None = None
    #: Presentation times of keyframes in source seconds, ascending; may be a sample of them.
    keyframes_s: tuple[float, ...] = ()
    #: By how much keyframes may stand ahead of pictures shown before them (open groups).
    keyframe_lead_s: Ratio = Fraction(0)
    bitrate_bps: int | None = None


class AudioFacts(Frozen):
    """One sound track that will be used."""

    #: Stream index inside the file, for ``-map 0:INDEX``.
    index: int
    codec: str
    profile: str | None = None
    channels: int
    #: ffmpeg's name, e.g. ``5.1(side)``; None where the file does not tell.
    channel_layout: str | None = None
    sample_rate_hz: int
    start_s: Ratio
    duration_s: Ratio
    language: str | None = None
    title: str | None = None
    #: What the file says of it in ffprobe's words, e.g. ``default``, ``comment``.
    dispositions: tuple[str, ...] = ()
    bitrate_bps: int | None = None


class Damage(Frozen):
    """What of a track cannot be shown or heard as it was recorded."""

    medium: Literal["video", "audio"]
    #: Frames the decoder put together from what it could read of them.
    n_concealed: int = 0
    #: Frames that gave no picture or sound at all: the one before stands, or there is silence.
    n_missing: int = 0
    #: What a viewer may notice, as (from, to) in seconds from the asset's zero; ascending, apart.
    spans_s: tuple[tuple[float, float], ...] = ()
    #: Length of all of it, for where the spans are too many to list.
    affected_s: float = 0.0
    #: Errors that the decoder told of. Where nothing else is counted, every frame came out.
    n_complaints: int = 0
    #: The sound rendition it is heard in; None for pictures.
    rendition: str | None = None

    @property
    def is_shown(self) -> bool:
        """Whether anything of it is known to be seen or heard."""
        return bool(self.n_concealed or self.n_missing or self.spans_s)


class SubtitleFacts(Frozen):
    """One subtitle track of text."""

    index: int
    codec: str
    language: str | None = None
    title: str | None = None
    #: As with sound, e.g. ``default``, ``forced``, ``hearing_impaired``.
    dispositions: tuple[str, ...] = ()


class Chapter(Frozen):
    """A stretch of the asset with a name."""

    #: Seconds from the asset's zero.
    start_s: Ratio
    end_s: Ratio
    title: str


class MediaWarning(Frozen):
    """Something a viewer or operator should know, though the job goes on."""

    code: str
    detail: str
    #: The counts behind a warning of damage.
    damage: Damage | None = None
    #: What it is, why, and what to do, in the reader's language; empty until it is shown.
    title: str = ""
    cause: str = ""
    remedy: str = ""


class MediaFacts(Frozen):
    """One source file, or the mended copy of it that all work is done on."""

    #: Demuxer that opened it, e.g. ``mov`` or ``matroska``.
    container: str
    #: Demuxer of the file as it was handed in, where a mended copy of it is described.
    remuxed_from: str | None = None
    size_bytes: int
    #: Length of the whole file in seconds, the longest of its used tracks, from the asset's zero.
    duration_s: Ratio
    #: The asset's zero in source time: the earliest start of its used tracks.
    start_s: Ratio
    #: Seconds of the source before ``start_s`` that a trim leaves out; None where these are the
    #: facts of all of it.
    skipped_s: Ratio | None = None
    video: VideoFacts | None = None
    #: Seconds the file announces at its end and does not hold: it was cut short.
    missing_s: Ratio = Fraction(0)
    #: In order of preference: the first is heard unless a viewer chooses another.
    audios: tuple[AudioFacts, ...] = ()
    subtitles: tuple[SubtitleFacts, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    #: Stream index of a cover picture.
    cover_index: int | None = None
    #: Whether seeking to a time lands on the right frame (not so in raw MPEG-TS).
    is_seekable: bool = True
    #: What MediaInfo adds: writing application, encoder library, scan type, HDR format.
    enrichment: dict[str, str] = Field(default_factory=dict)
    warnings: tuple[MediaWarning, ...] = ()

    @property
    def audio(self) -> AudioFacts | None:
        """The sound track that is heard unless a viewer chooses another."""
        return self.audios[0] if self.audios else None
