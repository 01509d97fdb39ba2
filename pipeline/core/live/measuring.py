"""How fast pictures come, and how heavy they are, from the first of them."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from pipeline.core import rates
from pipeline.core.live.packets import Packet

MOST_RATE = 240
_USUAL_RATE = Fraction(25)
#: A rate measured over two seconds says little of the peaks.
_PEAK = 1.25
_LEAST_BPS = 100_000


def frame_rate(pictures: Sequence[Packet], told: float) -> Fraction:
    """Take the rate that is told where the pictures keep to it, else what most steps say.

    Args:
        pictures: in decoding order.
        told: 0 where nothing is.
    """
    # By decoding times, which are in order.
    at_ms = [packet.decode_ms for packet in pictures]
    steps = sorted(b - a for a, b in pairwise(at_ms) if b > a)
    wished = Fraction(str(told))
    if not steps:
        return rates.snap(wished) if wished else _USUAL_RATE
    usual_ms = steps[len(steps) // 2]
    # A clock of milliseconds has steps of 33 and of 34 for the same rate.
    if wished and abs(1000 / wished - usual_ms) <= 1:
        return rates.snap(wished)
    mean = Fraction(1000 * (len(at_ms) - 1), at_ms[-1] - at_ms[0])
    near = min(rates.WELL_KNOWN_RATES, key=lambda known: abs(known - mean))
    if abs(1000 / near - usual_ms) <= 1:
        return near
    return min(rates.snap(Fraction(1000, usual_ms)), Fraction(MOST_RATE))


def bitrate_bps(pictures: Sequence[Packet], told_kbps: float) -> int:
    """Take the rate that is told, or the one that comes where that is higher.

    Args:
        pictures: in decoding order.
        told_kbps: 0 where nothing is.
    """
    n_bytes = sum(len(packet.data) for packet in pictures)
    span_ms = pictures[-1].decode_ms - pictures[0].decode_ms
    measured_bps = n_bytes * 8000 // span_ms if span_ms else 0
    return max(round(told_kbps * 1000), round(measured_bps * _PEAK), _LEAST_BPS)
