"""What comes out of encoded sound: levels per channel, tones, and when something is heard."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.support.clips import Clips

RATE_HZ = 48_000
Samples = npt.NDArray[np.float32]


class Heard:
    """Decoded segments of one rendition, joined, on the asset's time."""

    def __init__(self, clips: Clips, path: Path, *, zero_s: float = 10.0) -> None:
        streams = clips.probe(path, "-show_streams", "-show_packets", "-read_intervals", "%+#1")
        stream = streams["streams"][0]
        self.n_channels = int(stream["channels"])
        self.layout = stream.get("channel_layout")
        #: Of the first sample, from the asset's zero.
        self.start_s = float(streams["packets"][0]["pts_time"]) - zero_s
        flags = ["-i", str(path), "-ar", str(RATE_HZ), "-f", "f32le", "-"]
        data = np.frombuffer(clips.run(flags), dtype=np.float32)
        self.samples: Samples = data.reshape(-1, self.n_channels).T

    @property
    def length_s(self) -> float:
        return self.start_s + self.samples.shape[1] / RATE_HZ

    def between(self, from_s: float, to_s: float) -> Samples:
        first, end = (round((at_s - self.start_s) * RATE_HZ) for at_s in (from_s, to_s))
        return self.samples[:, max(0, first) : end]

    def tone_db(self, channel: int, hz: float, from_s: float, to_s: float) -> float:
        """Level of one tone, 0 dB for a full-scale sine."""
        part = self.between(from_s, to_s)[channel].astype(np.float64)
        window = np.hanning(len(part))
        wave = np.exp(-2j * np.pi * hz * np.arange(len(part)) / RATE_HZ)
        amplitude = 2 * abs(np.sum(part * window * wave)) / np.sum(window)
        return float(20 * np.log10(max(amplitude, 1e-9)))

    def loudest_hz(self, channel: int, from_s: float, to_s: float) -> float:
        part = self.between(from_s, to_s)[channel]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        return float(np.argmax(spectrum) * RATE_HZ / len(part))

    def peak(self) -> float:
        return float(np.max(np.abs(self.samples)))

    def heard_at_s(
        self, reference: Samples, *, channel: int = 0, from_s: float | None = None
    ) -> float:
        """When a known sound begins, by correlation; from a time on, if told so."""
        first = 0 if from_s is None else round((from_s - self.start_s) * RATE_HZ)
        sound = self.samples[channel][first:].astype(np.float64)
        n = 1 << (len(sound) + len(reference)).bit_length()
        product = np.fft.rfft(sound, n) * np.conj(np.fft.rfft(reference, n))
        at = int(np.argmax(np.fft.irfft(product, n)[: len(sound)]))
        return self.start_s + (first + at) / RATE_HZ


def chirp(*, seconds: float = 0.25) -> Samples:
    """A sound that correlates with itself at one place only; ``CHIRP`` says it to ffmpeg."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.5 * np.sin(2 * np.pi * (400 * t + 6000 * t * t))).astype(np.float32)


def chirp_at(*starts_s: float) -> str:
    """An ``aevalsrc`` expression: the chirp at some times, silence between."""
    parts = [
        f"between(t\\,{at}\\,{at + 0.25})*0.5*sin(2*PI*(400*(t-{at})+6000*(t-{at})*(t-{at})))"
        for at in starts_s
    ]
    return "+".join(parts)


def tones(hz: Sequence[float], amplitude: float) -> str:
    """An ``aevalsrc`` expression per channel: a tone each."""
    return "|".join(f"{amplitude}*sin(2*PI*{each}*t)" for each in hz)
