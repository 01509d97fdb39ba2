"""Whether sound and picture begin, go on and end together, within one frame of sound."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from pipeline.core.proof.container import end_s, start_s
from pipeline.core.proof.sound import Heard, frame_s
from pipeline.core.proof.track import Track
from pipeline.core.verdicts import point_of
from schemas.certificate import Figure, Flaw, Point, PointName, Stretch, Verdict

#: Of times that are whole ticks, but not whole microseconds.
_ROUNDING_S = 1e-6
#: A window of sound this near to a seam of the picture speaks for it.
_NEAR_SEAM_S = 1.5


def sync(
    track: Track,
    heard: Sequence[Heard],
    seams_s: Sequence[float],
    stretch: Stretch,
    end_of_asset_s: Fraction,
) -> Point:
    """Measure the offset of a sound at the asset's start, at each seam and at its end."""
    bar_s = frame_s(track) + _ROUNDING_S
    # Sound of a broadcast begins when it comes; how it goes on tells of its sync.
    ends = [] if track.is_clocked else list(_ends(track, stretch, end_of_asset_s))
    figures = [Figure(name=name, value=round(abs(off_s), 6), bar=bar_s) for name, off_s, _ in ends]
    flaws = [flaw for _, off_s, flaw in ends if abs(off_s) > bar_s]
    lags = [
        one
        for one in heard
        if one.lag_s is not None and (track.is_clocked or _is_at_seam(one, seams_s))
    ]
    if lags:
        worst = max(lags, key=lambda one: abs(one.lag_s or 0.0))
        lag_s = worst.lag_s or 0.0
        figures.append(Figure(name="seam_s", value=round(abs(lag_s), 6), bar=bar_s))
        if abs(lag_s) > bar_s:
            flaws.append(track.flaw(None, f"{lag_s:+.4f} s off at a seam", at_s=worst.at_s))
    point = Point(
        name=PointName.SYNC,
        rendition=track.name,
        verdict=Verdict.PASSED,
        figures=tuple(figures),
    )
    return point_of(point, flaws, is_decided=bool(figures))


def _ends(
    track: Track, stretch: Stretch, end_of_asset_s: Fraction
) -> Iterator[tuple[str, float, Flaw]]:
    """Measure how far a sound's start and end are from the asset's; what to say where too far."""
    parts = list(track.read())
    if parts and stretch.index == 0:
        off_s = float(start_s(track, parts[0]))
        yield (
            "start_s",
            off_s,
            track.flaw(parts[0], f"it starts {off_s:+.4f} s from the picture"),
        )
    if parts and stretch.index == stretch.n_stretches - 1:
        off_s = float(end_s(track, parts[-1]) - end_of_asset_s)
        yield "end_s", off_s, track.flaw(parts[-1], f"it ends {off_s:+.4f} s from the asset's end")


def _is_at_seam(heard: Heard, seams_s: Sequence[float]) -> bool:
    return any(abs(heard.at_s - seam_s) <= _NEAR_SEAM_S for seam_s in seams_s)
