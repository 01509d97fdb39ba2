"""Whether what viewers got of a broadcast is all that its publisher sent, in every rung."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.core.dash_periods import breaks
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.recording.spans import Span, joined, total_ms, without
from schemas.plan import MediaPlan
from schemas.timeline import RenditionTimeline, Timeline
from schemas.vocabulary import Medium

#: Shorter than this nothing is missed: borders are rounded, and a last frame may be held.
_LEAST_MS = 500
_KINDS = {Medium.VIDEO: MediaKind.VIDEO, Medium.AUDIO: MediaKind.AUDIO}


@dataclass(frozen=True)
class Judgement:
    """What of a broadcast was served."""

    #: Why another job must make the recording whole, in words for its owner; none: it is.
    faults: tuple[str, ...]
    #: Unbroken stretches of what was served, in all renditions alike.
    runs: tuple[Span, ...]


def judge(
    timeline: Timeline, sent: Mapping[MediaKind, Sequence[Span]], wished: MediaPlan
) -> Judgement:
    """Compare what was published with what was sent, and with what a profile makes of that."""
    faults = [fault for each in timeline.renditions for fault in _faults(each, timeline, sent)]
    return Judgement((*faults, *_left_out(timeline, wished)), runs(timeline))


def _faults(
    rendition: RenditionTimeline, timeline: Timeline, sent: Mapping[MediaKind, Sequence[Span]]
) -> Iterator[str]:
    kind = _KINDS.get(rendition.medium)
    if kind is None:
        return
    lost = without(sent.get(kind, ()), served(rendition), least_ms=_LEAST_MS)
    if lost:
        at_s = lost[0].from_ms / 1000
        yield (
            f"{total_ms(lost) / 1000:.1f} s of {rendition.name} were not served, "
            f"the first from {at_s:.1f} s on."
        )
    n_copies = sum(_is_copy(timeline, rendition, number) for number in range(_n(rendition)))
    if n_copies:
        yield f"{n_copies} segments of {rendition.name} are those of another rung."


def served(rendition: RenditionTimeline) -> tuple[Span, ...]:
    """Tell when a rendition shows something, by the broadcast's clock."""
    return joined(
        Span(segment.start_ms, segment.start_ms + round(segment.duration_s * 1000))
        for segment in rendition.segments
        if segment.start_ms is not None
    )


def _n(rendition: RenditionTimeline) -> int:
    return len(rendition.segments) if rendition.medium is Medium.VIDEO else 0


def _is_copy(timeline: Timeline, rendition: RenditionTimeline, number: int) -> bool:
    """Tell whether a segment is another rung's: a thinned ladder shows those in its place."""
    init_sha256 = rendition.segments[number].init_sha256
    alike = [
        each
        for each in timeline.renditions
        if each.medium is Medium.VIDEO
        and number < len(each.segments)
        and each.segments[number].init_sha256 == init_sha256
    ]
    return max(alike, key=lambda each: _ownership(each, init_sha256)) is not rendition


def _ownership(rendition: RenditionTimeline, init_sha256: str) -> tuple[int, int]:
    """Rank rungs by whether an init segment is theirs: the others have it only while thinned."""
    n_segments = sum(each.init_sha256 == init_sha256 for each in rendition.segments)
    return n_segments, -rendition.bitrate_bps


def _left_out(timeline: Timeline, wished: MediaPlan) -> Iterator[str]:
    made = {_short(each.width_px or 0, each.height_px or 0) for each in timeline.renditions}
    names = {each.name for each in timeline.renditions}
    for rung in wished.rungs:
        # A source passed on stands for the rung it is nearest to, and is named like it.
        if rung.name not in names and _short(rung.width_px, rung.height_px) not in made:
            yield f"{rung.name} was not made while the broadcast was on."


def _short(width_px: int, height_px: int) -> int:
    return min(width_px, height_px)


def runs(timeline: Timeline) -> tuple[Span, ...]:
    """Cut what was served where times or codecs do not go on."""
    timed = [each for each in timeline.renditions if each.medium is not Medium.TEXT]
    pictures = [each for each in timed if each.medium is Medium.VIDEO]
    leading = next(iter(pictures or timed), None)
    found: list[Span] = []
    for number, segment in enumerate(leading.segments if leading is not None else ()):
        if segment.start_ms is None:
            continue
        until_ms = segment.start_ms + round(segment.duration_s * 1000)
        goes_on = not any(breaks(each, number) for each in timed)
        if found and goes_on and segment.start_ms <= found[-1].until_ms + 1:
            found[-1] = Span(found[-1].from_ms, until_ms)
        else:
            found.append(Span(segment.start_ms, until_ms))
    return tuple(found)
