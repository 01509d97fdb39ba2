"""What segments of a broadcast say without being decoded: frames, times, keyframes, init segments.

They are as long as the publisher's keyframes are apart, and pictures passed on keep the times
they came with. So they are held against the source's own times, or the grid where they were laid
on one.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pipeline.core.proof.container import backward, start_s
from pipeline.core.proof.track import Part, Track
from pipeline.core.verdicts import point_of
from schemas.certificate import Figure, Flaw, Point, PointName, Verdict
from schemas.plan import Grid

#: Times of FLV are whole milliseconds, rounded once more on the way.
BAR_S = 0.002


@dataclass(frozen=True)
class Beat:
    """When the source shows a picture."""

    #: Ascending, on the broadcast's clock.
    times_s: Sequence[float]
    grid: Grid

    def counts(self, from_s: float, until_s: float) -> tuple[int, int]:
        """Count the source's pictures from one time to another, and those of the grid."""
        first, end = (bisect_left(self.times_s, at_s - BAR_S) for at_s in (from_s, until_s))
        return end - first, round((until_s - from_s) * float(self.grid.frame_rate))

    def off_s(self, at_s: float) -> float:
        """Tell how far a picture is from any of the source's, or from the grid."""
        rate = float(self.grid.frame_rate)
        number = bisect_left(self.times_s, at_s)
        near = self.times_s[max(0, number - 1) : number + 1]
        points = (*near, round(at_s * rate) / rate)
        return min((at_s - point for point in points), key=abs)


def frames(track: Track, beat: Beat) -> Point:
    """Count the pictures of each segment: as many as the source has there, or the grid."""
    flaws: list[Flaw] = []
    parts = list(track.read())
    n_there = n_sent = 0
    for part, until_s in zip(parts, _ends_s(track, parts), strict=True):
        sent, planned = beat.counts(float(start_s(track, part)), until_s)
        n_there, n_sent = n_there + len(part.samples), n_sent + sent
        if len(part.samples) not in {sent, planned}:
            detail = f"{len(part.samples)} frames where {sent} were sent"
            flaws.append(track.flaw(part, detail))
    figures = (
        Figure(name="n_frames", value=n_there, fold="sum"),
        Figure(name="n_sent", value=n_sent, fold="sum"),
    )
    return _point(PointName.FRAMES, track, figures, flaws)


def _ends_s(track: Track, parts: Sequence[Part]) -> Iterator[float]:
    for part, after in pairwise(parts):
        is_next = after.index == part.index + 1
        yield float(start_s(track, after)) if is_next else _end_s(part)
    if parts:
        yield _end_s(parts[-1])


def _end_s(part: Part) -> float:
    return float(part.start_s + part.segment.duration_s)


def picture_times(track: Track, beat: Beat) -> Point:
    """Compare pictures' times with the source's, and where segments begin with what was said."""
    flaws: list[Flaw] = []
    worst_s = 0.0
    for part in track.read():
        off_s = [beat.off_s(float(track.time_s(one.present_ticks))) for one in part.samples]
        off_s.append(float(start_s(track, part) - part.start_s))
        worst_s = max(worst_s, *map(abs, off_s))
        wrong = [off for off in off_s if abs(off) > BAR_S]
        if wrong:
            detail = f"{len(wrong)} times are not the source's, the first by {wrong[0]:+.6f} s"
            flaws.append(track.flaw(part, detail))
    flaws += backward(track)
    figures = (Figure(name="off_s", value=round(worst_s, 6), bar=BAR_S),)
    return _point(PointName.TIMES, track, figures, flaws)


def keyframes(tracks: Sequence[Track]) -> Point:
    """Check that each segment of each rung begins with a keyframe, and at the same time in all."""
    flaws: list[Flaw] = []
    n_segments = 0
    begun_s: dict[int, Fraction] = {}
    for track in tracks:
        for part in track.read():
            n_segments += 1
            at_s = start_s(track, part)
            if not part.samples[0].is_sync:
                flaws.append(track.flaw(part, "it does not begin with a keyframe"))
            elif abs(begun_s.setdefault(part.index, at_s) - at_s) > BAR_S:
                flaws.append(track.flaw(part, "it does not begin where the other rungs' does"))
    figures = (Figure(name="n_segments", value=n_segments, fold="sum"),)
    point = Point(name=PointName.KEYFRAMES, verdict=Verdict.PASSED, figures=figures)
    return point_of(point, flaws)


def inits(track: Track) -> Point:
    """Check that a stretch has one init segment, and that it is the published one."""
    flaws = [
        track.flaw(part, "the init segment in storage is not the published one")
        for part in track.parts
        if part.segment.init_sha256 != track.init_sha256
    ]
    digests = {segment.init_sha256 for segment in track.rendition.segments}
    figures = (Figure(name="n_inits", value=len(digests)),)
    return _point(PointName.INITS, track, figures, flaws)


def _point(
    name: PointName, track: Track, figures: tuple[Figure, ...], flaws: Sequence[Flaw]
) -> Point:
    is_decided = any(part.samples for part in track.parts)
    point = Point(name=name, rendition=track.name, verdict=Verdict.PASSED, figures=figures)
    return point_of(point, flaws, is_decided=is_decided)
