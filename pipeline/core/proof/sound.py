"""Whether the sound is the source's sound of its time: cross-correlation, window by window."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.argv.hearing import RATE_HZ
from pipeline.core.proof.track import Part, Track
from pipeline.core.verdicts import point_of
from schemas.certificate import Figure, Flaw, Point, PointName, Verdict

Samples = NDArray[np.float32]

_WINDOW_S = 2.0
#: Windows stand so far apart, besides those around the picture's seams.
_EVERY_S = 8.0
#: Sound is looked for so far from its time.
REACH_S = 0.5
#: Full scale of 16 bits, and what counts as silent of it (−60 dB).
_FULL_SCALE = 32_768.0
_SILENT = 1e-3
#: Source louder than this (−50 dB) must be heard; softer than the source by 30 dB is not.
_HEARD = 3e-3
_MUTED = 0.03
#: Correlation below which nothing of the source is found in a window.
_LEAST_LIKENESS = 0.4
#: A match at the right time, this near to the best one anywhere, is good: tones repeat.
_AS_GOOD = 0.97
_LINE = re.compile(r"^0, *-?\d+, *(-?\d+), *(\d+),", re.MULTILINE)


def placed(raw: bytes, places: str, *, zero_s: float, start_s: float, end_s: float) -> Samples:
    """Lay decoded runs out on the asset's time from ``start_s`` to ``end_s``, silence between.

    Args:
        zero_s: time of the asset's zero by the file's own clock.
    """
    samples = np.frombuffer(raw, np.int16).astype(np.float32) / _FULL_SCALE
    line = np.zeros(max(0, round((end_s - start_s) * RATE_HZ)), np.float32)
    at, origin = 0, round((zero_s + start_s) * RATE_HZ)
    for pts, length in _LINE.findall(places):
        run, first = samples[at : at + int(length)], int(pts) - origin
        at += int(length)
        skip = max(0, -first)
        kept = run[skip : skip + max(0, len(line) - first - skip)]
        line[first + skip : first + skip + len(kept)] = kept
    return line


@dataclass(frozen=True)
class Heard:
    """One window of sound beside the source's."""

    at_s: float
    #: Seconds the sound comes late; None where silence or a tone does not tell.
    lag_s: float | None
    #: Best correlation anywhere near.
    likeness: float
    detail: str = ""


def windows_s(start_s: float, end_s: float, seams_s: Iterable[float]) -> tuple[float, ...]:
    """Choose where windows begin: evenly, at both ends, and around each seam."""
    last_s = max(start_s, end_s - _WINDOW_S)
    n_even = max(1, round((last_s - start_s) / _EVERY_S))
    even = [start_s + (last_s - start_s) * number / n_even for number in range(n_even + 1)]
    around = [seam_s - _WINDOW_S / 2 for seam_s in seams_s]
    return tuple(sorted({min(max(at_s, start_s), last_s) for at_s in (*even, *around)}))


def hear(
    made: Samples, source: Samples, at_s: Sequence[float], *, start_s: float, frame_s: float
) -> tuple[Heard, ...]:
    """Compare windows of two lines that begin at the same time; the source's has REACH_S more."""
    return tuple(_hear(made, source, one, one - start_s, frame_s) for one in at_s)


def _hear(made: Samples, source: Samples, at_s: float, off_s: float, frame_s: float) -> Heard:
    reach = round(REACH_S * RATE_HZ)
    first = round(off_s * RATE_HZ)
    ours = made[first : first + round(_WINDOW_S * RATE_HZ)]
    theirs = source[first : first + len(ours) + 2 * reach]
    middle = theirs[reach : reach + len(ours)]
    loud, meant = _level(ours), _level(middle)
    if meant > _HEARD and loud < meant * _MUTED:
        return Heard(at_s, None, 0.0, "silence where the source has sound")
    if loud < _SILENT or _level(theirs) < _SILENT:
        is_wrong = loud > _HEARD
        return Heard(at_s, None, 1.0, "sound where the source is silent" if is_wrong else "")
    table = _correlation(ours, theirs)
    lags_s = (reach - np.arange(len(table))) / RATE_HZ
    best = int(np.argmax(table))
    likeness = float(table[best])
    here = float(np.max(table[np.abs(lags_s) <= frame_s]))
    if likeness < _LEAST_LIKENESS:
        return Heard(at_s, None, likeness, "nothing of the source's sound is found here")
    if here >= likeness * _AS_GOOD:
        is_told = abs(lags_s[best]) <= frame_s
        return Heard(at_s, float(lags_s[best]) if is_told else None, likeness)
    lag_s = float(lags_s[best])
    return Heard(at_s, lag_s, likeness, f"the sound is {lag_s:+.3f} s off its time")


def _level(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def _correlation(ours: Samples, theirs: Samples) -> NDArray[np.float64]:
    """Correlate ours with every stretch of theirs as long, each by its own loudness."""
    n_places = len(theirs) - len(ours) + 1
    size = 1 << (len(theirs) + len(ours) - 1).bit_length()
    product = np.fft.rfft(theirs, size) * np.conj(np.fft.rfft(ours, size))
    raw = np.fft.irfft(product, size)[:n_places]
    energy = np.cumsum(np.concatenate(([0.0], theirs.astype(np.float64) ** 2)))
    local = energy[len(ours) :] - energy[:n_places]
    scale = np.sqrt(np.maximum(local, len(ours) * _SILENT**2) * float(np.sum(ours**2)))
    return np.asarray(raw / scale, np.float64)


def sound(track: Track, heard: Sequence[Heard]) -> Point:
    """Say whether a rendition is the source's sound, all along."""
    flaws = list(_flaws(track, heard))
    told = [one for one in heard if one.lag_s is not None]
    figures = [
        Figure(name="n_windows", value=len(heard), fold="sum"),
        Figure(name="n_told", value=len(told), fold="sum"),
    ]
    if told:
        worst_s = max((abs(one.lag_s or 0.0) for one in told), default=0.0)
        least = min(one.likeness for one in told)
        figures.append(Figure(name="lag_s", value=round(worst_s, 6), bar=frame_s(track)))
        figures.append(
            Figure(name="likeness", value=round(least, 4), bar=_LEAST_LIKENESS, fold="min")
        )
    point = Point(
        name=PointName.SOUND,
        rendition=track.name,
        verdict=Verdict.PASSED,
        figures=tuple(figures),
        note="" if told or flaws else "Silence and steady tones look the same at any time.",
    )
    return point_of(point, flaws, is_decided=bool(told))


def frame_s(track: Track) -> float:
    """Tell how long one coded frame of sound lasts: as near as sound can be."""
    ticks = (s.duration_ticks for part in track.read() for s in part.samples)
    return max(ticks, default=0) / track.init.timescale


def _flaws(track: Track, heard: Sequence[Heard]) -> Iterator[Flaw]:
    parts = list(track.read())
    for one in heard:
        if one.detail:
            yield track.flaw(_part_at(parts, one.at_s), one.detail, at_s=one.at_s)


def _part_at(parts: Sequence[Part], at_s: float) -> Part | None:
    before = [part for part in parts if part.start_s <= at_s]
    return before[-1] if before else None
