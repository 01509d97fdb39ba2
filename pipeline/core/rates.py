"""Decides the one frame rate of a source, exactly, and whether its frames keep to it."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

#: Rates cameras and editors mean, whatever a container rounds them to.
WELL_KNOWN_RATES = (
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)),
    *(Fraction(rate) for rate in (5, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)),
    Fraction(25, 2),
)
#: 30 and 30000/1001 differ by a thousandth; half of that tells them apart.
_SNAP = Fraction(4, 10_000)
_HIGHEST_RATE = Fraction(1000)
_FALLBACK_RATE = Fraction(25)
#: A frame belongs to a place of the grid if it is this near, in frame periods.
_NEARNESS = Fraction(1, 4)
#: A varying pace is this near to the rate it is meant to have.
_UNSTEADY = Fraction(1, 100)
#: A constant-rate source may lack this share of its frames.
_MISSING_SHARE = Fraction(1, 100)
#: From this many on it may lack one: AVI often begins with an empty frame.
_FEW_TICKS = 10


def snap(rate: Fraction) -> Fraction:
    """Replace a rate by the well-known one it stands for, if there is one."""
    near = min(WELL_KNOWN_RATES, key=lambda known: abs(known - rate))
    if abs(near - rate) <= near * _SNAP:
        return near
    # Times gone wild may lie an hour apart: no rate is none.
    return rate.limit_denominator(1001) or rate


def frame_rate(
    ticks: Sequence[int], time_base: Fraction, announced: Iterable[Fraction]
) -> tuple[Fraction, bool]:
    """Name the rate and tell whether it is variable.

    Constant means that each frame lies within a quarter of a period of its own place on the
    grid, and that few places are empty: the frame-rate filter then keeps every frame as it is.

    Args:
        ticks: presentation times, ascending.
        time_base: seconds of one tick.
        announced: the container's own rates, best first; zero where it does not know.
    """
    wished = [rate for rate in announced if 0 < rate <= _HIGHEST_RATE]
    if len(ticks) < 3 or ticks[-1] <= ticks[0]:  # noqa: PLR2004  two deltas are a rate
        return (snap(wished[0]) if wished else _FALLBACK_RATE), False
    mean = (len(ticks) - 1) / ((ticks[-1] - ticks[0]) * time_base)
    # What is announced comes first: over a few frames of a coarse clock much else fits too.
    candidates = dict.fromkeys([*map(snap, wished), snap(mean)])
    for rate in candidates:
        if _keeps_to(ticks, time_base * rate):
            return rate, False
    return _nominal(ticks, time_base, mean, candidates), True


def _keeps_to(ticks: Sequence[int], step: Fraction) -> bool:
    """Check frames against a grid where one tick is ``step`` places long."""
    up, down = step.numerator, step.denominator
    first, before = ticks[0], -1
    near = down * _NEARNESS
    for tick in ticks:
        position = (tick - first) * up
        place = (2 * position + down) // (2 * down)
        if place <= before or abs(position - place * down) > near:
            return False
        before = place
    n_missing = before + 1 - len(ticks)
    allowed = len(ticks) * _MISSING_SHARE
    return n_missing <= allowed or (n_missing == 1 and len(ticks) >= _FEW_TICKS)


def _nominal(
    ticks: Sequence[int], time_base: Fraction, mean: Fraction, candidates: Iterable[Fraction]
) -> Fraction:
    """Take the rate most frames of a variable source are shown at.

    A coarse clock shows it rounded (42 ms is no 23.81 but 23.976 a second), and phones stamp
    frames some milliseconds early or late: a known rate that near is what is meant.
    """
    period = _usual_period([b - a for a, b in pairwise(ticks) if b > a])
    near = max(Fraction(1), period * _UNSTEADY)
    for rate in candidates:
        if abs(1 / (rate * time_base) - period) < near and rate >= mean * (1 - _SNAP):
            return rate
    usual = max(1 / (period * time_base), mean)
    known = min(WELL_KNOWN_RATES, key=lambda rate: abs(rate - usual))
    if abs(known - usual) <= known * _UNSTEADY and known >= mean * (1 - _SNAP):
        return known
    return min(snap(usual), _HIGHEST_RATE)


def _usual_period(deltas: list[int]) -> Fraction:
    """Average the deltas of the fast majority; pauses and dropped frames do not count."""
    deltas.sort()
    typical = deltas[len(deltas) * 2 // 5]
    usual = [delta for delta in deltas if abs(delta - typical) <= typical * _NEARNESS]
    return Fraction(sum(usual), len(usual))
