"""Figures that every playlist form is rendered from: what is listed, from when, how many bits.

All times are exact fractions; rounding happens where text is made, from cumulative sums, so that
nothing drifts however long the media is.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

from pipeline.core.errors import NotFound
from schemas.timeline import RenditionTimeline, Timeline, TimelineSegment
from schemas.vocabulary import Medium

#: Media times begin here, so that B-frame and encoder delays never make them negative.
MEDIA_ZERO_S = 10

#: A capped encode may empty a full decoder buffer (twice its ceiling) into one segment; until
#: the segments are there to be measured, half as much again is announced as the peak.
UNMEASURED_PEAK = Fraction(3, 2)


def listed(timeline: Timeline, *, is_whole: bool) -> tuple[RenditionTimeline, ...]:
    """Choose what a playlist shows: renditions that have segments, none far ahead of another.

    Sound is encoded faster than picture. Unless the job made all it promised (``is_whole``), each
    rendition ends with the segment in which the shortest awaited one ends; text is small, and
    always whole. What is listed only grows.

    Raises:
        NotFound: nothing can be played yet. While more is coming, nothing is shown before every
            rendition a viewer begins with has started.
    """
    known = [rendition for rendition in timeline.renditions if rendition.segments]
    awaited = [each for each in timeline.renditions if is_awaited(each.medium, each.is_default)]
    begun = [each for each in awaited if each.segments]
    if not begun or (not timeline.is_ended and len(begun) < len(awaited)):
        raise NotFound("Nothing of this asset can be played yet", code="playback.not_ready")
    if is_whole:
        return tuple(known)
    horizon_s = min(length_s(rendition.segments) for rendition in begun)
    return tuple(each if each.medium is Medium.TEXT else _cut(each, horizon_s) for each in known)


def is_awaited(medium: Medium, is_default: bool) -> bool:  # noqa: FBT001  both of a rendition
    """Tell whether a viewer begins with such a rendition: any picture, and the default sound."""
    return medium is Medium.VIDEO or (medium is Medium.AUDIO and is_default)


def _cut(rendition: RenditionTimeline, horizon_s: Fraction) -> RenditionTimeline:
    sums, scale = _sums(rendition.segments)
    # As many as begin before it.
    n_listed = bisect_left(sums, math.ceil(horizon_s * scale), hi=len(rendition.segments))
    return rendition.model_copy(update={"segments": rendition.segments[:n_listed]})


def borders_s(segments: Sequence[TimelineSegment]) -> tuple[Fraction, ...]:
    """Add the lengths up: the start of each segment from zero, and the end of the last."""
    sums, scale = _sums(segments)
    return tuple(Fraction(units, scale) for units in sums)


def _sums(segments: Sequence[TimelineSegment]) -> tuple[tuple[int, ...], int]:
    """Add the lengths up in units that all are whole numbers of, so many to a second.

    Hours of a broadcast are summed at every request, and whole numbers are ten times as fast.
    """
    lengths_s = [segment.duration_s for segment in segments]
    scale = math.lcm(*{length_s.denominator for length_s in lengths_s})
    units = (each.numerator * (scale // each.denominator) for each in lengths_s)
    return tuple(accumulate(units, initial=0)), scale


def ticks(borders: Sequence[Fraction], timescale: int) -> tuple[int, ...]:
    """Round each border to whole ticks; the differences between them then never drift."""
    return tuple(round(border_s * timescale) for border_s in borders)


def length_s(segments: Sequence[TimelineSegment]) -> Fraction:
    """Add up the whole run."""
    sums, scale = _sums(segments)
    return Fraction(sums[-1], scale)


def target_duration_s(timeline: Timeline, rendition: RenditionTimeline | None = None) -> int:
    """Bound every segment of every rendition, equally from the first publish to the last.

    Only text has a bound of its own.

    Half as much again as the aimed length leaves room for sound frames and borders that do not
    fall on whole seconds; only frames longer than that (slide shows) raise it. Segments of a
    broadcast round to the aimed length (``core.live.lengths``), and players stay by so much nearer
    to what is live.

    Source: RFC 8216 §4.3.3.1 forbids changing it, and §6.2.4 wants it equal in all renditions.
    """
    if rendition is not None and rendition.medium is Medium.TEXT:
        return max(math.ceil(segment.duration_s) for segment in rendition.segments)
    if timeline.opened_at is not None:
        return max(timeline.segment_s, math.floor(longest_s(timeline) + Fraction(1, 2)))
    return max(math.ceil(Fraction(3, 2) * timeline.segment_s), math.ceil(longest_s(timeline)))


def longest_s(timeline: Timeline) -> Fraction:
    """Find the longest segment that is no text."""
    timed = (each for each in timeline.renditions if each.medium is not Medium.TEXT)
    return max(
        (segment.duration_s for each in timed for segment in each.segments),
        default=Fraction(0),
    )


def average_bps(segments: Sequence[TimelineSegment]) -> int:
    """Measure the rate over the whole run."""
    n_bits = 8 * sum(segment.size_bytes for segment in segments)
    return math.ceil(n_bits / length_s(segments))


def peak_bps(segments: Sequence[TimelineSegment], target_s: int) -> int:
    """Measure the highest rate of any stretch between half and one and a half target durations.

    A last segment of a few frames is no stretch of its own: it would announce a rate that no
    player ever has to sustain.

    Source: RFC 8216 §4.1, "peak segment bit rate".
    """
    borders, scale = _sums(segments)
    n_bits = tuple(accumulate((8 * segment.size_bytes for segment in segments), initial=0))
    peak = average_bps(segments)
    for first in range(len(segments)):
        end = first + 1
        while end <= len(segments) and 2 * (borders[end] - borders[first]) <= 3 * target_s * scale:
            span = borders[end] - borders[first]
            if 2 * span >= target_s * scale:
                # Rounded up.
                peak = max(peak, -((n_bits[first] - n_bits[end]) * scale // span))
            end += 1
    return peak


def announced_bps(rendition: RenditionTimeline, timeline: Timeline) -> tuple[int, int]:
    """Tell peak and average: planned ceilings while more is coming, measured ones at the end."""
    average = average_bps(rendition.segments)
    peak = peak_bps(rendition.segments, target_duration_s(timeline))
    if timeline.is_ended:
        return peak, average
    ceiling = math.ceil(rendition.bitrate_bps * UNMEASURED_PEAK)
    return max(peak, ceiling), max(average, rendition.bitrate_bps)
