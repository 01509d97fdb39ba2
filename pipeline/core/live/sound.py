"""Sound of a broadcast: whole frames of AAC, one after the other, kept to the clock."""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

#: Samples of one frame of AAC-LC.
FRAME_SAMPLES = 1024
#: One frame of silence, by channels, as every decoder of AAC-LC takes it.
_SILENCE = {1: bytes.fromhex("00c800802380"), 2: bytes.fromhex("210049900219002380")}
#: Sound further off its clock than this is put right by a frame: more than clocks of whole
#: milliseconds and publishers' queues wobble, less than anybody sees.
_OFF_S = Fraction(30, 1000)


@dataclass(frozen=True)
class Stretch:
    """Frames that follow each other."""

    start_samples: int
    frames: tuple[bytes, ...]


class SoundTrack:
    """Takes frames with rough times, gives them out with exact ones, without gaps.

    Missing ones are silence; what comes too early or twice is left out.
    """

    def __init__(self, sample_rate_hz: int, n_channels: int, start_s: Fraction) -> None:
        self._rate_hz = sample_rate_hz
        self._silence = _SILENCE[n_channels]
        self._start_samples = round(start_s * sample_rate_hz)
        self._frames: deque[bytes] = deque()
        self._has_begun = False
        self.n_silent = 0

    @property
    def end_s(self) -> Fraction:
        """Where the next frame belongs."""
        n_samples = self._start_samples + len(self._frames) * FRAME_SAMPLES
        return Fraction(n_samples, self._rate_hz)

    def add(self, at_s: Fraction, data: bytes) -> None:
        """Take the next frame."""
        off_s = at_s - self.end_s
        # The first one must not pull all others along.
        most_s = _OFF_S if self._has_begun else Fraction(FRAME_SAMPLES, 2 * self._rate_hz)
        if off_s < -most_s:
            return
        self._has_begun = True
        if off_s > _OFF_S:
            self.fill(at_s)
        self._frames.append(data)

    def fill(self, until_s: Fraction) -> None:
        """Be silent until then, to the nearest frame."""
        half_s = Fraction(FRAME_SAMPLES, 2 * self._rate_hz)
        while self.end_s + half_s <= until_s:
            self._frames.append(self._silence)
            self.n_silent += 1

    def take(self, until_s: Fraction) -> Stretch:
        """Take out the frames that begin before then."""
        start_samples, frames = self._start_samples, []
        while self._frames and Fraction(self._start_samples, self._rate_hz) < until_s:
            frames.append(self._frames.popleft())
            self._start_samples += FRAME_SAMPLES
        return Stretch(start_samples, tuple(frames))


_RATES_HZ = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
_AAC_LC = 2


def plain_config(sample_rate_hz: int, n_channels: int) -> bytes:
    """Write the AudioSpecificConfig of AAC-LC (ISO/IEC 14496-3 §1.6.2.1)."""
    bits = _AAC_LC << 11 | _RATES_HZ.index(sample_rate_hz) << 7 | n_channels << 3
    return bits.to_bytes(2, "big")
