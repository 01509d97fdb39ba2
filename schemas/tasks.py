"""What a task is told (params) and what it answers (result): one model per kind of task."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.certificate import Point, Stretch
from schemas.fetching import FetchParams, FetchResult
from schemas.frozen import Frozen, Ratio
from schemas.idle import IdleParams, IdleResult
from schemas.live import LiveParams, LiveResult
from schemas.media import Damage, MediaFacts, MediaWarning
from schemas.plan import AudioPlan, ChunkPlan, Grid, MediaPlan, RungMeasure, RungPlan, SubtitlePlan
from schemas.recording import RecordParams, RecordResult
from schemas.vocabulary import AssetId, Deinterlace, OnDamage, TaskKind
from schemas.watermark import WatermarkPlan


class SourceRef(Frozen):
    """Where a source lies and how to know it again."""

    asset_id: AssetId
    key: str
    size_bytes: int
    #: Hex digest of the bytes; names the copy in a box's cache.
    sha256: str


class ProbeParams(Frozen):
    """Find out what the source is."""

    kind: Literal[TaskKind.PROBE] = TaskKind.PROBE
    source: SourceRef


class ThumbnailsParams(Frozen):
    """Make posters, and the storyboard of the runs (ms of the source) players get; none: all."""

    kind: Literal[TaskKind.THUMBNAILS] = TaskKind.THUMBNAILS
    source: SourceRef
    facts: MediaFacts
    count: int
    storyboard_interval_s: int
    runs: tuple[tuple[int, int], ...] = ()


class EncodeParams(Frozen):
    """Encode one chunk to every rung of the plan with one decode."""

    kind: Literal[TaskKind.ENCODE] = TaskKind.ENCODE
    source: SourceRef
    facts: MediaFacts
    grid: Grid
    rungs: tuple[RungPlan, ...]
    chunk: ChunkPlan
    preset: str
    watermark: WatermarkPlan | None = None
    on_damage: OnDamage = OnDamage.PUBLISH
    #: Segments are stored encrypted with the job's content key.
    is_encrypted: bool = False
    deinterlace: Deinterlace = Deinterlace.FRAME


class ProbeResult(Frozen):
    """What probing found."""

    kind: Literal[TaskKind.PROBE] = TaskKind.PROBE
    facts: MediaFacts
    #: A copy with mended times that the other tasks work on, where the source needs one; the
    #: facts are then the copy's. It lies under the probe's prefix and lives as long as the asset.
    working_source: SourceRef | None = None


class CopyParams(Frozen):
    """Cut the source into the segments of one rung; where it turns out unfit, encode it."""

    kind: Literal[TaskKind.COPY] = TaskKind.COPY
    #: The encode of that rung alone, all of it one chunk.
    work: EncodeParams


class AnalyzeParams(Frozen):
    """Encode samples of the picture to every rung of the fixed ladder, and measure them."""

    kind: Literal[TaskKind.ANALYZE] = TaskKind.ANALYZE
    #: The encode of all of it, were the ladder the fixed one.
    work: EncodeParams
    #: What the probe found, handed on to whoever plans.
    found: ProbeResult


class EncodeAudioParams(Frozen):
    """Encode the whole sound once, publishing segments as they come."""

    kind: Literal[TaskKind.ENCODE_AUDIO] = TaskKind.ENCODE_AUDIO
    source: SourceRef
    facts: MediaFacts
    audio: AudioPlan
    segment_s: int
    is_encrypted: bool = False
    #: Source time of the output's zero: the picture's, whose frames lie on a grid.
    zero_s: Ratio
    on_damage: OnDamage = OnDamage.PUBLISH


class MuxParams(Frozen):
    """Put the best rendition and all sound into one MP4."""

    kind: Literal[TaskKind.MUX] = TaskKind.MUX
    asset_id: AssetId


class ExtractSubtitlesParams(Frozen):
    """Turn every subtitle track of the plan into WebVTT."""

    kind: Literal[TaskKind.EXTRACT_SUBTITLES] = TaskKind.EXTRACT_SUBTITLES
    source: SourceRef
    subtitles: tuple[SubtitlePlan, ...]
    segment_s: int
    #: Source time of the output's zero, as for the sound.
    zero_s: Ratio
    #: How far behind the source's own zero it lies, where a trim leaves something out.
    skipped_s: Ratio = Fraction(0)
    #: Length of the asset.
    duration_s: Ratio


class PackageParams(Frozen):
    """Write the final playlists over everything published."""

    kind: Literal[TaskKind.PACKAGE] = TaskKind.PACKAGE
    asset_id: AssetId


class ProveParams(Frozen):
    """Compare one stretch of what was published with the source."""

    kind: Literal[TaskKind.PROVE] = TaskKind.PROVE
    source: SourceRef
    facts: MediaFacts
    plan: MediaPlan
    stretch: Stretch


TaskParams = Annotated[
    FetchParams
    | ProbeParams
    | AnalyzeParams
    | ThumbnailsParams
    | EncodeParams
    | CopyParams
    | EncodeAudioParams
    | ExtractSubtitlesParams
    | MuxParams
    | PackageParams
    | ProveParams
    | LiveParams
    | RecordParams
    | IdleParams,
    Field(discriminator="kind"),
]
TASK_PARAMS: TypeAdapter[TaskParams] = TypeAdapter(TaskParams)


class SegmentMade(Frozen):
    """One CMAF media segment that lies in storage and may be published."""

    rendition: str
    #: Number of the segment in its rendition, from 0.
    index: int
    #: Exact length in seconds, from the grid (picture) or from whole sound frames.
    duration_s: Ratio
    size_bytes: int
    key: str
    init_key: str
    #: Where it begins on the clock of its broadcast; None for what is no broadcast.
    start_ms: int | None = None
    #: Times or codecs do not go on from the segment before.
    is_discontinuous: bool = False


class RenditionMade(Frozen):
    """Facts of a rendition, known once its first segment exists."""

    name: str
    #: RFC 6381 codecs string read from the init segment, e.g. ``avc1.64001f``.
    codecs: str
    #: SHA-256 of the init segment: equal digests need no second EXT-X-MAP.
    init_sha256: str
    init_key: str
    init_size_bytes: int


class Picture(Frozen):
    """A still image in storage."""

    key: str
    width_px: int
    height_px: int
    #: Seconds from the asset's zero.
    at_s: float


class AnalyzeResult(Frozen):
    """What the samples showed; nothing where they could not be measured."""

    kind: Literal[TaskKind.ANALYZE] = TaskKind.ANALYZE
    found: ProbeResult
    measures: tuple[RungMeasure, ...]


class ThumbnailsResult(Frozen):
    """Posters and storyboard in storage."""

    kind: Literal[TaskKind.THUMBNAILS] = TaskKind.THUMBNAILS
    posters: tuple[Picture, ...]
    #: Sheets of small pictures the storyboard points into.
    sprite_keys: tuple[str, ...] = ()
    #: The WebVTT text; its paths are relative to the media address.
    storyboard_key: str | None = None


class EncodeResult(Frozen):
    """One chunk, every rung."""

    kind: Literal[TaskKind.ENCODE] = TaskKind.ENCODE
    renditions: tuple[RenditionMade, ...]
    segments: tuple[SegmentMade, ...]
    #: Fingerprint of the build that encoded it.
    encoder_build: str
    encode_s: float
    #: What of the chunk's source did not decode cleanly; None where all of it did.
    damage: Damage | None = None
    #: CPU seconds of ffmpeg.
    cpu_s: float = 0.0


class EncodeAudioResult(Frozen):
    """The sound; its segments were published while it ran."""

    kind: Literal[TaskKind.ENCODE_AUDIO] = TaskKind.ENCODE_AUDIO
    n_segments: int
    #: What of the source's sound did not decode; None where all of it did.
    damage: Damage | None = None
    cpu_s: float = 0.0


class ExtractSubtitlesResult(Frozen):
    """Subtitles in storage: in text, the init segment is a file that holds all of it."""

    kind: Literal[TaskKind.EXTRACT_SUBTITLES] = TaskKind.EXTRACT_SUBTITLES
    renditions: tuple[RenditionMade, ...]
    segments: tuple[SegmentMade, ...]
    #: Tracks that could not be read.
    warnings: tuple[MediaWarning, ...] = ()


class MuxResult(Frozen):
    """The file to download, in storage."""

    kind: Literal[TaskKind.MUX] = TaskKind.MUX
    key: str
    size_bytes: int


class PackageResult(Frozen):
    """The final playlists: name below the asset's media address → object key."""

    kind: Literal[TaskKind.PACKAGE] = TaskKind.PACKAGE
    files: dict[str, str]


class ProveResult(Frozen):
    """What one stretch was found to be; a point that failed is an answer, not an error."""

    kind: Literal[TaskKind.PROVE] = TaskKind.PROVE
    stretch: Stretch
    points: tuple[Point, ...]
    #: CPU seconds of the programs it ran.
    cpu_s: float


TaskResult = Annotated[
    FetchResult
    | ProbeResult
    | AnalyzeResult
    | ThumbnailsResult
    | EncodeResult
    | EncodeAudioResult
    | ExtractSubtitlesResult
    | MuxResult
    | PackageResult
    | ProveResult
    | LiveResult
    | RecordResult
    | IdleResult,
    Field(discriminator="kind"),
]
TASK_RESULT: TypeAdapter[TaskResult] = TypeAdapter(TaskResult)
