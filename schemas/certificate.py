"""The seam certificate: what was compared, how near it came, and where it is wrong."""

from enum import StrEnum
from typing import Literal

from schemas.frozen import Frozen


class CertificateState(StrEnum):
    """How far the proof of an asset is."""

    #: The asset is ready, its proof is not yet complete.
    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


class Verdict(StrEnum):
    """What looking at one point said."""

    PASSED = "passed"
    FAILED = "failed"
    #: Nothing could be told: a still picture looks the same one frame later, silence has no time.
    UNDECIDED = "undecided"


class PointName(StrEnum):
    """What is proven."""

    #: As many frames as the plan says, in every segment.
    FRAMES = "frames"
    #: Presentation times on the grid, without gap or repeat over every seam.
    TIMES = "times"
    #: Keyframes at every segment's start and nowhere else, the same in all rungs.
    KEYFRAMES = "keyframes"
    #: One init segment per rendition.
    INITS = "inits"
    #: Playlists state the lengths that the media have.
    EXTINF = "extinf"
    #: Codecs, sizes and colours are those that were announced.
    ANNOUNCED = "announced"
    #: Every segment decodes without a message.
    DECODING = "decoding"
    #: Each picture is the source's picture of that time.
    PICTURES = "pictures"
    #: Sampled pictures look like the source's.
    LIKENESS = "likeness"
    #: Sound starts and ends with the picture, and over seams.
    SYNC = "sync"
    #: The sound is the source's sound of that time.
    SOUND = "sound"
    #: Loudness is the source's, or what was asked for.
    LOUDNESS = "loudness"


class Figure(Frozen):
    """One measured value beside its bar."""

    name: str
    value: float
    #: Worst value that passes; None where the value only informs.
    bar: float | None = None
    #: How the figures of several stretches become one.
    fold: Literal["sum", "max", "min"] = "max"


class Flaw(Frozen):
    """A place where something is wrong."""

    rendition: str
    segment: int | None = None
    #: Seconds from the asset's zero.
    at_s: float | None = None
    detail: str


class Point(Frozen):
    """One point of the certificate, over everything or over one stretch of it."""

    name: PointName
    #: None where it is about all renditions together.
    rendition: str | None = None
    verdict: Verdict
    figures: tuple[Figure, ...] = ()
    #: How many places are wrong; the first of them follow.
    n_flaws: int = 0
    flaws: tuple[Flaw, ...] = ()
    #: What should be known of the verdict, in a sentence; empty where there is nothing to say.
    note: str = ""


class Stretch(Frozen):
    """The part of an asset that one proof looks at: whole segments of the picture's grid."""

    index: int
    #: Of how many.
    n_stretches: int
    #: Seconds from the asset's zero; the last stretch ends with the asset.
    start_s: float
    end_s: float


class StretchProof(Frozen):
    """What became of the proof of one stretch: its points, or why there are none."""

    points: tuple[Point, ...] = ()
    #: CPU seconds of the programs it ran.
    cpu_s: float = 0.0
    #: ``{"code", "detail", "remedy"}`` of an ErrorView.
    error: dict[str, str] | None = None
