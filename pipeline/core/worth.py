"""Which rungs of a ladder are worth making for one title, and how many bits each may use.

Every rung that stays keeps its constant quality and a ceiling no higher than the fixed ladder's,
so that at equal quality it can never have more bytes than that one.

Source: per-title encoding as Netflix described it (2015): the ladder follows the convex hull of
rate and quality; here rungs are only taken away from it, never moved.
"""

from collections.abc import Mapping, Sequence

from schemas.plan import RungMeasure, RungPlan

#: Six points of VMAF are a just noticeable difference; a third of that nobody sees.
_LEAST_GAIN_VMAF = 2.0
#: Samples may have missed the one page of small print: no title loses more than half its height.
_LEAST_HEIGHT = 0.5
#: A rung that spares less than this share of the one above helps no slow line.
_LEAST_SAVING = 0.25
#: Samples miss the hardest scene: the ceiling leaves room for twice their mean …
_HEADROOM = 2.0
#: … and never falls below this share of the fixed one.
_LEAST_CEILING = 0.2


def worth_making(
    rungs: Sequence[RungPlan], measures: Sequence[RungMeasure]
) -> tuple[RungPlan, ...]:
    """Take away what is not worth its bytes; rungs come and go highest first.

    The highest rung left looks at least as good as the highest measured, less what nobody sees.
    Without measures of every rung the ladder stays as it is.
    """
    measured = {measure.name: measure for measure in measures}
    if any(rung.name not in measured for rung in rungs):
        return tuple(rungs)
    seen = _visible(rungs, measured)
    return tuple(_capped(rung, measured[rung.name]) for rung in _sparing(seen, measured))


def _visible(rungs: Sequence[RungPlan], measured: Mapping[str, RungMeasure]) -> list[RungPlan]:
    """Drop rungs that look no better than a large enough one below them."""
    enough_px = _height_px(rungs[0]) * _LEAST_HEIGHT
    kept: list[RungPlan] = []
    for rung in reversed(rungs):
        stand_ins = [measured[each.name].vmaf for each in kept if _height_px(each) >= enough_px]
        best = max(stand_ins, default=None)
        if best is None or measured[rung.name].vmaf - best >= _LEAST_GAIN_VMAF:
            kept.append(rung)
    return kept[::-1]


def _height_px(rung: RungPlan) -> int:
    return min(rung.width_px, rung.height_px)


def _sparing(rungs: Sequence[RungPlan], measured: Mapping[str, RungMeasure]) -> list[RungPlan]:
    """Drop rungs that spare too little beside the next one above that stays."""
    kept: list[RungPlan] = []
    for rung in rungs:
        above = measured[kept[-1].name].bitrate_bps if kept else None
        if above is None or measured[rung.name].bitrate_bps <= above * (1 - _LEAST_SAVING):
            kept.append(rung)
    return kept


def _capped(rung: RungPlan, measure: RungMeasure) -> RungPlan:
    wished = max(measure.bitrate_bps * _HEADROOM, rung.bitrate_bps * _LEAST_CEILING)
    return rung.model_copy(update={"bitrate_bps": min(rung.bitrate_bps, round(wished))})
