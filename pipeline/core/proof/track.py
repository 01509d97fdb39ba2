"""One rendition over one stretch, as it lies in storage."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from pipeline.core.fmp4 import Init, Sample
from pipeline.core.measures import MEDIA_ZERO_S, borders_s
from schemas.certificate import Flaw, Stretch
from schemas.timeline import RenditionTimeline, TimelineSegment
from schemas.vocabulary import Medium

#: A border this near to a stretch's end belongs to the next one: ends are floats of exact times.
_NEAR_S = 1e-6
#: The same where sound is cut on its own frames, and times are whole milliseconds.
_NEAR_CLOCK_S = 0.05


@dataclass(frozen=True)
class Part:
    """One published segment: what was promised of it, and what it holds."""

    segment: TimelineSegment
    #: Where it was promised to start, in seconds from the asset's zero.
    start_s: Fraction
    samples: tuple[Sample, ...] = ()
    #: Why there are no samples: it is missing, cut off or not a segment.
    trouble: str = ""

    @property
    def index(self) -> int:
        """Number in its rendition."""
        return self.segment.index


@dataclass(frozen=True)
class Track:
    """A rendition's init segment and its parts within a stretch."""

    rendition: RenditionTimeline
    init: Init
    #: Of the init segment as it lies in storage.
    init_sha256: str
    codecs: str
    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        """The rendition's."""
        return self.rendition.name

    @property
    def is_picture(self) -> bool:
        """Tell pictures from sound."""
        return self.rendition.medium is Medium.VIDEO

    @property
    def is_clocked(self) -> bool:
        """Tell a broadcast's rendition: its segments lie where its clock says, with gaps."""
        return is_clocked(self.rendition)

    def read(self) -> Iterator[Part]:
        """Walk the parts that could be read."""
        return (part for part in self.parts if part.samples)

    def time_s(self, ticks: int) -> Fraction:
        """Turn a time of the media into seconds from the asset's zero."""
        return Fraction(ticks, self.init.timescale) - MEDIA_ZERO_S

    def flaw(self, part: Part | None, detail: str, *, at_s: Fraction | float | None = None) -> Flaw:
        """Point at a part."""
        if at_s is None and part is not None:
            at_s = part.start_s
        return Flaw(
            rendition=self.name,
            segment=None if part is None else part.index,
            at_s=None if at_s is None else round(float(at_s), 6),
            detail=detail,
        )


def within(
    rendition: RenditionTimeline, stretch: Stretch
) -> tuple[tuple[TimelineSegment, Fraction], ...]:
    """Pick the segments that start within a stretch, each with its promised start.

    The last stretch takes whatever else there is: sound may reach over the asset's end. Of a
    broadcast, times are those of its clock.
    """
    near_s = _NEAR_CLOCK_S if is_clocked(rendition) else _NEAR_S
    end_s = stretch.end_s if stretch.index + 1 < stretch.n_stretches else float("inf")
    return tuple(
        (segment, start_s)
        for segment, start_s in zip(rendition.segments, _starts_s(rendition), strict=False)
        if stretch.start_s - near_s <= start_s < end_s - near_s
    )


def is_clocked(rendition: RenditionTimeline) -> bool:
    """Tell whether segments say where they lie on the clock of a broadcast."""
    return any(segment.start_ms is not None for segment in rendition.segments)


def _starts_s(rendition: RenditionTimeline) -> tuple[Fraction, ...]:
    if is_clocked(rendition):
        return tuple(Fraction(segment.start_ms or 0, 1000) for segment in rendition.segments)
    return borders_s(rendition.segments)
