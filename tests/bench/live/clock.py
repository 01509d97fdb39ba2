"""A clock burnt into the picture as bars, and read back from decoded frames."""

import subprocess
import time
from threading import Event, Thread
from typing import Self

import numpy as np

from tests.bench.live.media import FFMPEG

WIDTH_PX, HEIGHT_PX, FPS = 640, 360, 25
_BITS, _BAR_PX = 32, 48
_BIT_PX = WIDTH_PX // _BITS
_DARK, _BRIGHT, _BETWEEN = 16, 235, 128
#: One frame of what ``reader`` yields.
BARS_BYTES = WIDTH_PX * _BAR_PX
#: Cuts the bars out of whatever size a rendition has.
BARS = f"scale={WIDTH_PX}:{HEIGHT_PX},crop={WIDTH_PX}:{_BAR_PX}:0:0"
_RAW = ("-f", "rawvideo", "-pix_fmt", "gray")


def now_ms() -> int:
    """Tell the clock that is burnt in."""
    return time.monotonic_ns() // 1_000_000 & 0xFFFFFFFF


def drawn(ms: int) -> bytes:
    """Draw a picture that shows a time."""
    bits = [ms >> (_BITS - 1 - n) & 1 for n in range(_BITS)]
    row = np.repeat(np.where(bits, _BRIGHT, _DARK).astype(np.uint8), _BIT_PX)
    picture = np.full((HEIGHT_PX, WIDTH_PX), _BETWEEN, np.uint8)
    picture[:_BAR_PX] = row
    return picture.tobytes()


def read(bars: bytes) -> int:
    """Read the time from the bars of a frame."""
    rows = np.frombuffer(bars, np.uint8).reshape(_BAR_PX, _BITS, _BIT_PX)
    middle = rows[8:-8, :, 5:-5].mean(axis=(0, 2))
    return sum(int(level > _BETWEEN) << (_BITS - 1 - n) for n, level in enumerate(middle))


class ClockPublisher(Thread):
    """Publishes the clock from entry to exit, a keyframe each second, encoded without delay."""

    def __init__(self, url: str) -> None:
        super().__init__(name="clock")
        self._is_over = Event()
        argv = [
            *(FFMPEG, "-v", "error", *_RAW, "-s", f"{WIDTH_PX}x{HEIGHT_PX}", "-r", str(FPS)),
            *("-i", "pipe:0", "-f", "lavfi", "-i", "sine=sample_rate=44100"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"),
            *("-g", str(FPS), "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"),
            *("-flush_packets", "1", "-f", "flv", url),
        ]
        self._ffmpeg = subprocess.Popen(argv, stdin=subprocess.PIPE)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()
        self._ffmpeg.terminate()
        self._ffmpeg.wait(10)

    def run(self) -> None:
        assert self._ffmpeg.stdin is not None
        begun_s, n = time.monotonic(), 0
        with self._ffmpeg.stdin as pipe:
            while not self._is_over.wait(max(0.0, begun_s + n / FPS - time.monotonic())):
                try:
                    pipe.write(drawn(now_ms()))
                    pipe.flush()
                except BrokenPipeError:
                    return
                n += 1


def first_of(media: bytes) -> int:
    """Read the time of the first picture of a piece of media."""
    argv = [
        *(FFMPEG, "-v", "error", "-i", "pipe:0", "-map", "0:v:0", "-frames:v", "1"),
        *("-vf", BARS, *_RAW, "pipe:1"),
    ]
    done = subprocess.run(argv, input=media, capture_output=True, check=False, timeout=30)
    if len(done.stdout) < BARS_BYTES:
        raise RuntimeError(f"a segment shows no picture: {done.stderr[-200:]!r}")
    return read(done.stdout[:BARS_BYTES])
