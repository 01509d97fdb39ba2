"""How much sampled pictures look like the source's, and how loud the sound is beside it."""

import json
import re

from pipeline.core.verdicts import point_of
from schemas.certificate import Figure, Flaw, Point, PointName, Stretch, Verdict
from schemas.plan import LoudnessPlan

#: Structural similarity no encode of a ladder stays below, on average over its samples.
LEAST_SSIM = 0.5
#: Loudness of an encode beside its source's, or beside what was asked for.
MOST_OFF_LU = 1.0
#: EBU R128's absolute gate: nothing louder was heard.
_SILENCE_LUFS = -69.9
_SSIM = re.compile(r"^n:\d+ Y:([\d.]+)", re.MULTILINE)
_LOUDNESS = re.compile(r"lavfi\.r128\.I=(-?[\d.]+|-?inf|nan)")


def likeness(rendition: str, ssim_text: str, vmaf_json: str | None) -> Point:
    """Judge what ``ssim`` and ``libvmaf`` measured of a rung's samples."""
    ssim = [float(value) for value in _SSIM.findall(ssim_text)]
    point = Point(name=PointName.LIKENESS, rendition=rendition, verdict=Verdict.UNDECIDED)
    if not ssim:
        return point.model_copy(update={"note": "No sampled picture could be compared."})
    mean = sum(ssim) / len(ssim)
    figures = [
        Figure(name="n_sampled", value=len(ssim), fold="sum"),
        Figure(name="ssim", value=round(mean, 4), bar=LEAST_SSIM, fold="min"),
    ]
    if vmaf_json is not None:
        vmaf = json.loads(vmaf_json)["pooled_metrics"]["vmaf"]["mean"]
        figures.append(Figure(name="vmaf", value=round(float(vmaf), 2), fold="min"))
    flaws = []
    if mean < LEAST_SSIM:
        detail = f"its pictures hardly look like the source's: SSIM {mean:.3f}"
        flaws.append(Flaw(rendition=rendition, detail=detail))
    return point_of(point.model_copy(update={"figures": tuple(figures)}), flaws)


def read_loudness(printed: str) -> float | None:
    """Take the integrated loudness over all from what ``ametadata`` printed; None for silence."""
    found = _LOUDNESS.findall(printed)
    value = float(found[-1]) if found else float("-inf")
    return value if value > _SILENCE_LUFS else None


def loudness(
    rendition: str,
    made: float | None,
    source: float | None,
    wished: LoudnessPlan | None,
    stretch: Stretch,
) -> Point:
    """Judge the loudness of a stretch, in LUFS.

    Where a loudness was asked for, the whole asset was brought to it by one gain: a stretch of it
    may be louder or softer, and is told of without a verdict unless it is the whole.
    """
    point = Point(name=PointName.LOUDNESS, rendition=rendition, verdict=Verdict.UNDECIDED)
    if made is None and source is None:
        return point.model_copy(update={"note": "There is nothing to hear."})
    figures = [
        Figure(name=name, value=round(value, 2))
        for name, value in (("made_lufs", made), ("source_lufs", source))
        if value is not None
    ]
    meant = wished.integrated_lufs if wished is not None else source
    if made is None or meant is None:
        detail = "it is silent, its source is not" if made is None else "its source is silent"
        flaws = [Flaw(rendition=rendition, detail=detail)]
        return point_of(point.model_copy(update={"figures": tuple(figures)}), flaws)
    off_lu = made - meant
    figures.append(Figure(name="off_lu", value=round(abs(off_lu), 2), bar=MOST_OFF_LU))
    flaws = []
    is_part = wished is not None and stretch.n_stretches > 1
    if abs(off_lu) > MOST_OFF_LU and not is_part:
        detail = f"{made:.1f} LUFS where {meant:.1f} were meant"
        flaws.append(Flaw(rendition=rendition, detail=detail))
    judged = point.model_copy(update={"figures": tuple(figures)})
    return point_of(judged, flaws, is_decided=not is_part)
