"""The periods of a DASH manifest: one, unless a broadcast's times or codecs break off midway."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pipeline.core import measures
from schemas.timeline import RenditionTimeline
from schemas.vocabulary import Medium


@dataclass(frozen=True)
class Period:
    """A stretch over which each rendition goes on and has one init segment."""

    number: int
    #: Where it begins for a viewer.
    start_s: Fraction
    #: Of its longest rendition.
    length_s: Fraction
    #: Time of its beginning by the media's own clock.
    media_start_s: Fraction
    renditions: tuple[RenditionTimeline, ...]


def periods(shown: Sequence[RenditionTimeline]) -> tuple[Period, ...]:
    """Cut what is shown where a broadcast broke off; text, which is whole, is in the first."""
    timed = [each for each in shown if each.medium is not Medium.TEXT]
    found: list[Period] = []
    for first, end in pairwise(_borders(timed)):
        cut = tuple(_cut(each, first, end) for each in shown)
        there = tuple(each for each in cut if each.segments)
        found.append(_period(found, there))
    return tuple(found)


def _borders(timed: Sequence[RenditionTimeline]) -> list[int]:
    n_segments = max(len(each.segments) for each in timed)
    inner = (n for n in range(1, n_segments) if any(breaks(each, n) for each in timed))
    return [0, *inner, n_segments]


def breaks(rendition: RenditionTimeline, number: int) -> bool:
    """Tell whether a segment of a broadcast does not go on from the one before it."""
    if not 0 < number < len(rendition.segments):
        return False
    before, segment = rendition.segments[number - 1 : number + 1]
    is_clocked = segment.start_ms is not None
    return is_clocked and (segment.is_discontinuous or segment.init_sha256 != before.init_sha256)


def _cut(rendition: RenditionTimeline, first: int, end: int) -> RenditionTimeline:
    if rendition.medium is Medium.TEXT:
        return rendition if first == 0 else rendition.model_copy(update={"segments": ()})
    return rendition.model_copy(update={"segments": rendition.segments[first:end]})


def _period(before: Sequence[Period], renditions: tuple[RenditionTimeline, ...]) -> Period:
    timed = [each for each in renditions if each.medium is not Medium.TEXT]
    start_s = before[-1].start_s + before[-1].length_s if before else Fraction(0)
    return Period(
        number=len(before),
        start_s=start_s,
        length_s=max(measures.length_s(each.segments) for each in timed),
        media_start_s=measures.MEDIA_ZERO_S + min(_clock_s(timed), default=Fraction(0)),
        renditions=renditions,
    )


def _clock_s(timed: Sequence[RenditionTimeline]) -> Iterator[Fraction]:
    for each in timed:
        if each.segments[0].start_ms is not None:
            yield Fraction(each.segments[0].start_ms, 1000)
