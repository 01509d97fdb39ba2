"""Finds the gain of a track by measuring it, before it is encoded."""

from collections.abc import Callable

from pipeline.core.errors import WorkFailed
from pipeline.core.loudness import Gain, Measured, corrected, first_gain, read_summary
from schemas.plan import LoudnessPlan

#: Trials of a limited gain; each costs a pass over the sound.
_MOST_TRIALS = 4


def find_gain(wished: LoudnessPlan, measure: Callable[[Gain | None], str]) -> Gain:
    """Measure a track, and what a limiter would make of it where one is needed.

    Args:
        wished: how loud it shall be.
        measure: runs a pass with a gain or without one, and returns what ffmpeg said.

    Raises:
        WorkFailed: ffmpeg did not say how loud the track is.
    """
    gain = first_gain(_read(measure(None)), wished)
    if gain.limit_dbtp is None:
        return gain
    trials: list[tuple[Gain, Measured]] = []
    while len(trials) < _MOST_TRIALS:
        trials.append((gain, _read(measure(gain))))
        better = corrected(trials, wished)
        if better is None:
            break
        gain = better
    return gain


def _read(text: str) -> Measured:
    measured = read_summary(text)
    if measured is None:
        raise WorkFailed("ffmpeg did not say how loud the sound is", code="work.failed")
    return measured
