"""Clips that tell the time: each picture shows its number, each half second has a beep of its own.

So a test can read from any output which source frame it shows and how sound lies to picture,
whatever codecs, containers and timestamps came between.
"""

from dataclasses import dataclass

import numpy as np

#: Size of the pictures: sixteen bars of whole macroblock rows.
WIDTH_PX, HEIGHT_PX = 192, 108
_N_BARS = 16
_NUMBER_BITS = 12
#: Bars 12 to 15 repeat the lowest bits upside down: a blend of two frames reads as nonsense.
_CHECK_BITS = _N_BARS - _NUMBER_BITS
_DARK, _BRIGHT = 90, 165

BEEP_EVERY_S = 0.5
_BEEP_S = 0.1
_LOWEST_HZ, _STEP_HZ, _N_TONES = 500, 150, 24
_LOUD = 0.1

_BAR_PX = WIDTH_PX // _N_BARS
_BIT = f"mod(floor(N/pow(2,mod(floor(X/{_BAR_PX}),{_NUMBER_BITS}))),2)"
_NUMBERED = f"geq=lum='235*if(lt(X,{_NUMBER_BITS * _BAR_PX}),{_BIT},1-{_BIT})':cb=128:cr=128"

Numbers = list[int]


def numbered(seconds: float, rate: str = "25", *, size: tuple[int, int] | None = None) -> list[str]:
    """Name an input whose frames show their number, from 0."""
    scaled = "" if size is None else f",scale={size[0]}:{size[1]}:flags=neighbor"
    source = f"color=s={WIDTH_PX}x{HEIGHT_PX}:r={rate}:d={seconds}"
    return ["-f", "lavfi", "-i", f"{source},format=yuv420p,{_NUMBERED}{scaled}"]


def beeping(seconds: float, *, rate_hz: int = 48_000) -> list[str]:
    """Name an input that beeps at each half second: k-th beep, k-th tone."""
    tone = f"{_LOWEST_HZ}+{_STEP_HZ}*mod(floor(t/{BEEP_EVERY_S}),{_N_TONES})"
    beep = f"0.7*sin(2*PI*({tone})*t)*lt(mod(t,{BEEP_EVERY_S}),{_BEEP_S})"
    return ["-f", "lavfi", "-i", f"aevalsrc='{beep}':s={rate_hz}:d={seconds}"]


def read_numbers(frames: np.ndarray) -> Numbers:
    """Read the number of each grey picture of a stack; -1 where it shows none."""
    n_rows, bar_px = frames.shape[1], frames.shape[2] // _N_BARS
    middle = frames[:, n_rows // 4 : -(n_rows // 4), :]
    bars = np.stack(
        [
            middle[:, :, bar * bar_px + bar_px // 4 : (bar + 1) * bar_px - bar_px // 4].mean((1, 2))
            for bar in range(_N_BARS)
        ],
        axis=1,
    )
    return [_number(each) for each in bars]


def _number(bars: np.ndarray) -> int:
    if any(_DARK < level < _BRIGHT for level in bars):
        return -1
    bits = [bool(level >= _BRIGHT) for level in bars]
    if any(bits[at] == bits[_NUMBER_BITS + at] for at in range(_CHECK_BITS)):
        return -1
    return sum(bit << at for at, bit in enumerate(bits[:_NUMBER_BITS]))


@dataclass(frozen=True)
class Beep:
    """One beep as it was heard."""

    #: Which: it belongs at ``number × 0.5`` s of what was recorded; counts modulo 24.
    number: int
    #: Where it begins, in seconds from the first sample.
    at_s: float

    def moment_near_s(self, at_s: float) -> float:
        """Tell which moment of the recording it marks, of those it may, the nearest to one."""
        lap_s = _N_TONES * BEEP_EVERY_S
        first_s = self.number * BEEP_EVERY_S
        return first_s + max(0, round((at_s - first_s) / lap_s)) * lap_s


def read_beeps(sound: np.ndarray, rate_hz: int) -> list[Beep]:
    """Find the beeps of one channel; cut ones are left out."""
    loud = np.abs(sound) > _LOUD
    # Bridge the zero crossings of the lowest tone.
    span = int(rate_hz * 0.004)
    reach = np.convolve(loud, np.ones(span), "full")[: len(loud)] > 0
    edges = np.flatnonzero(np.diff(reach.astype(np.int8), prepend=0, append=0))
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start > int(rate_hz * _BEEP_S * 0.8):
            found.append(Beep(_tone(sound[start : end - span], rate_hz), float(start) / rate_hz))
    return found


def _tone(beep: np.ndarray, rate_hz: int) -> int:
    spectrum = np.abs(np.fft.rfft(beep * np.hanning(len(beep)), n=rate_hz))
    return round((int(np.argmax(spectrum)) - _LOWEST_HZ) / _STEP_HZ)
