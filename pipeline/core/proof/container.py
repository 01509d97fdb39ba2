"""What segments say without being decoded: frames, times, keyframes, init segments."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from pipeline.core.chunks import keyframe_frames
from pipeline.core.proof.track import Part, Track
from pipeline.core.verdicts import point_of
from schemas.certificate import Figure, Flaw, Point, PointName, Verdict
from schemas.plan import Grid

#: Rounding of one time to the track's clock, in ticks; reckoned in floats, it needs a little more.
_TICK_TOLERANCE = 1
_FLOAT_TICK_TOLERANCE = 1.001


def frames(track: Track, grid: Grid) -> Point:
    """Count the frames of each segment: as many as the grid has there."""
    flaws = []
    n_there = n_planned = 0
    for part in track.read():
        planned = _planned_frames(part, grid)
        n_planned += planned
        n_there += len(part.samples)
        if len(part.samples) != planned:
            detail = f"{len(part.samples)} frames where {planned} were planned"
            flaws.append(track.flaw(part, detail))
    figures = (
        Figure(name="n_frames", value=n_there, fold="sum"),
        Figure(name="n_planned", value=n_planned, fold="sum"),
    )
    return _point(PointName.FRAMES, track, figures, flaws)


def _planned_frames(part: Part, grid: Grid) -> int:
    first = part.index * grid.segment_frames
    return max(0, min(grid.segment_frames, grid.n_frames - first))


def picture_times(track: Track, grid: Grid) -> Point:
    """Compare each frame's presentation time with the grid, over every seam."""
    flaws: list[Flaw] = []
    worst_s = 0.0
    for part in track.read():
        off_s = _off_grid_s(track, part, grid)
        worst_s = max(worst_s, *map(abs, off_s))
        bar_s = _FLOAT_TICK_TOLERANCE / track.init.timescale
        wrong = [at for at, off in enumerate(off_s) if abs(off) > bar_s]
        if wrong:
            detail = f"{len(wrong)} frames are off the grid, the first by {off_s[wrong[0]]:+.6f} s"
            flaws.append(track.flaw(part, detail))
    flaws += backward(track)
    figures = (Figure(name="off_grid_s", value=worst_s, bar=1 / track.init.timescale),)
    return _point(PointName.TIMES, track, figures, flaws)


def _off_grid_s(track: Track, part: Part, grid: Grid) -> list[float]:
    shown = sorted(sample.present_ticks for sample in part.samples)
    first = part.index * grid.segment_frames
    return [
        float(track.time_s(ticks) - number / grid.frame_rate)
        for number, ticks in enumerate(shown, start=first)
    ]


def backward(track: Track) -> Iterator[Flaw]:
    """Find decoding times that do not rise, within segments and from one to the next."""
    last = None
    for part in track.read():
        ticks = [sample.decode_ticks for sample in part.samples]
        if any(b <= a for a, b in pairwise(ticks)) or (last is not None and ticks[0] <= last):
            yield track.flaw(part, "decoding times do not rise")
        last = ticks[-1]


def sound_times(track: Track) -> Point:
    """Check that each segment of sound begins where the one before it ends."""
    flaws: list[Flaw] = []
    worst_s = 0.0
    for before, part in pairwise(track.read()):
        if part.index != before.index + 1:
            continue
        gap = part.samples[0].decode_ticks - _end_ticks(before)
        gap_s = gap / track.init.timescale
        worst_s = max(worst_s, abs(gap_s))
        if abs(gap) > _TICK_TOLERANCE:
            detail = f"{'a gap' if gap > 0 else 'an overlap'} of {abs(gap_s):.6f} s before it"
            flaws.append(track.flaw(part, detail))
    figures = (Figure(name="gap_s", value=worst_s, bar=1 / track.init.timescale),)
    return _point(PointName.TIMES, track, figures, flaws)


def _end_ticks(part: Part) -> int:
    return part.samples[-1].decode_ticks + part.samples[-1].duration_ticks


def end_s(track: Track, part: Part) -> Fraction:
    """Tell when a part's media ends, in seconds from the asset's zero."""
    if not track.is_picture:
        return track.time_s(_end_ticks(part))
    last = max(part.samples, key=lambda sample: sample.present_ticks)
    return track.time_s(last.present_ticks + last.duration_ticks)


def start_s(track: Track, part: Part) -> Fraction:
    """Tell when a part's media starts, in seconds from the asset's zero."""
    if not track.is_picture:
        return track.time_s(part.samples[0].decode_ticks)
    return track.time_s(min(sample.present_ticks for sample in part.samples))


def keyframes(tracks: Sequence[Track], grid: Grid) -> Point:
    """Check that each segment of each rung begins with a keyframe, and that all have the same."""
    flaws: list[Flaw] = []
    step = keyframe_frames(grid)
    n_keyframes = 0
    for track in tracks:
        for part in track.read():
            keys = tuple(at for at, sample in enumerate(part.samples) if sample.is_sync)
            n_keyframes += len(keys)
            first = min(sample.present_ticks for sample in part.samples)
            if 0 not in keys or part.samples[0].present_ticks != first:
                flaws.append(track.flaw(part, "it does not begin with a keyframe"))
            elif not set(range(0, len(part.samples), step)) <= set(keys):
                # More of them than planned are no harm: a copied source brings its own.
                flaws.append(track.flaw(part, "keyframes that all rungs have are missing"))
    return point_of(
        Point(
            name=PointName.KEYFRAMES,
            verdict=Verdict.PASSED,
            figures=(Figure(name="n_keyframes", value=n_keyframes, fold="sum"),),
        ),
        flaws,
    )


def inits(track: Track) -> Point:
    """Check that a rendition has one init segment from beginning to end, and the announced one."""
    flaws: list[Flaw] = []
    digests = dict.fromkeys(segment.init_sha256 for segment in track.rendition.segments)
    if len(digests) > 1:
        other = next(s for s in track.rendition.segments if s.init_sha256 != next(iter(digests)))
        detail = f"{len(digests)} different init segments; DASH cannot play it, HLS breaks here"
        flaws.append(Flaw(rendition=track.name, segment=other.index, detail=detail))
    if track.init_sha256 not in digests:
        flaws.append(track.flaw(None, "the init segment in storage is not the published one"))
    figures = (Figure(name="n_inits", value=len(digests), bar=1),)
    return _point(PointName.INITS, track, figures, flaws)


def _point(
    name: PointName, track: Track, figures: tuple[Figure, ...], flaws: Sequence[Flaw]
) -> Point:
    is_decided = any(part.samples for part in track.parts)
    point = Point(name=name, rendition=track.name, verdict=Verdict.PASSED, figures=figures)
    return point_of(point, flaws, is_decided=is_decided)
