"""How the threads one ffmpeg may use are dealt out to its encoders."""

from collections.abc import Sequence
from fractions import Fraction

from schemas.plan import RungPlan


def dealt(threads: int, rungs: Sequence[RungPlan]) -> tuple[int, ...]:
    """Give each rung's encoder a share by its pixels, at least one thread.

    ffmpeg runs decoder, filters and encoders side by side already: on the default ladder the
    largest rung takes two fifths of the work, so one thread each keeps two cores busy. More
    threads in an encoder cost work (5 % at two) and a little quality.
    """
    sizes = [rung.width_px * rung.height_px for rung in rungs]
    return tuple(max(1, round(Fraction(threads * size, sum(sizes)))) for size in sizes)
