"""How much louder or softer a track must become, by EBU R128.

A plain gain where the peaks allow it: the mix stays as it was made. Where they do not, the gain
is followed by a true-peak limiter, and what it takes away is measured and given back.
ffmpeg's ``loudnorm`` is not used: its linear mode is such a gain, its other one compresses
everything and still misses its own target (ARCHITECTURE.md says by how much).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.plan import LoudnessPlan

#: R128's absolute gate: below it there is nothing to hear.
_SILENCE_LUFS = -70.0
#: Near enough; the encoder itself moves it by as much.
_NEAR_LU = 0.2
#: No track is worth more noise than this.
_MOST_GAIN_DB = 40.0
_LEAST_STEP_DB, _MOST_STEP_DB = 0.05, 10.0
_LEAST_SLOPE = 0.15
_INTEGRATED = re.compile(r"^\s+I:\s+(-?[\d.]+|-?inf|nan) LUFS", re.MULTILINE)
_PEAK = re.compile(r"^\s+Peak:\s+(-?[\d.]+|-?inf|nan) dBFS", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """What ``ebur128`` measured of a whole track."""

    integrated_lufs: float
    true_peak_dbtp: float


@dataclass(frozen=True)
class Gain:
    """What is done to a track."""

    gain_db: float
    #: Ceiling of a true-peak limiter behind the gain; None where no peak reaches it.
    limit_dbtp: float | None = None


def read_summary(text: str) -> Measured | None:
    """Read the summary that ``ebur128`` prints at its end; None where there is none."""
    integrated, peak = _INTEGRATED.findall(text), _PEAK.findall(text)
    if not integrated or not peak:
        return None
    return Measured(_number(integrated[-1]), _number(peak[-1]))


def _number(text: str) -> float:
    value = float(text)
    return value if abs(value) < -2 * _SILENCE_LUFS else 2 * _SILENCE_LUFS


def first_gain(measured: Measured, wished: LoudnessPlan) -> Gain:
    """Choose the gain that brings a track to the wished loudness; silence stays silent."""
    if measured.integrated_lufs <= _SILENCE_LUFS:
        return Gain(0.0)
    gain_db = min(wished.integrated_lufs - measured.integrated_lufs, _MOST_GAIN_DB)
    is_loud = measured.true_peak_dbtp + gain_db > wished.true_peak_dbtp
    return Gain(round(gain_db, 2), wished.true_peak_dbtp if is_loud else None)


def corrected(trials: Sequence[tuple[Gain, Measured]], wished: LoudnessPlan) -> Gain | None:
    """Give back what the limiter took; None where the last trial is near enough.

    The louder it gets, the more the limiter takes: the step follows what the last one gained.
    """
    gain, result = trials[-1]
    missing_db = wished.integrated_lufs - result.integrated_lufs
    step_db = max(-_MOST_STEP_DB, min(missing_db / _slope(trials), _MOST_STEP_DB))
    gain_db = min(gain.gain_db + step_db, _MOST_GAIN_DB)
    if abs(missing_db) <= _NEAR_LU or abs(gain_db - gain.gain_db) < _LEAST_STEP_DB:
        return None
    return Gain(round(gain_db, 2), gain.limit_dbtp)


def _slope(trials: Sequence[tuple[Gain, Measured]]) -> float:
    """Tell how many LU a dB of gain brought between the last two trials; all of it at first."""
    if len(trials) < 2:  # noqa: PLR2004  two points make a slope
        return 1.0
    (before, less), (after, more) = trials[-2:]
    risen_lu = more.integrated_lufs - less.integrated_lufs
    return min(1.0, max(_LEAST_SLOPE, risen_lu / (after.gain_db - before.gain_db)))
