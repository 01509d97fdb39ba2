"""What ffmpeg says of itself on ``-progress pipe:1``: blocks of ``key=value`` lines."""

from collections.abc import Callable
from dataclasses import dataclass

#: A line of progress is short; anything longer without a line end is not progress.
_LONGEST_LINE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Progress:
    """One report; fields ffmpeg does not know yet (``N/A``) are zero."""

    frame: int = 0
    #: Highest time written, in output seconds; may be below zero at first.
    out_time_s: float = 0.0
    total_bytes: int = 0
    #: Media seconds per second.
    speed: float | None = None


NO_PROGRESS = Progress()


class ProgressReader:
    """Turns stdout of ffmpeg into reports; ``mark`` changes exactly when work went on."""

    def __init__(self, on_progress: Callable[[Progress], None] | None) -> None:
        self._on_progress = on_progress
        self._rest = b""
        self._values: dict[str, str] = {}
        self.last = NO_PROGRESS

    @property
    def mark(self) -> object:
        """What has been reached so far."""
        return self.last.frame, self.last.out_time_s, self.last.total_bytes

    def feed(self, data: bytes) -> None:
        """Take the next bytes, however they are split."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_LONGEST_LINE_BYTES:]
        for line in lines:
            self._line(line.decode("ascii", "replace"))

    def _line(self, line: str) -> None:
        key, _, value = line.partition("=")
        self._values[key.strip()] = value.strip()
        if key == "progress":
            self.last = _progress(self._values)
            self._values = {}
            if self._on_progress is not None:
                self._on_progress(self.last)


def _progress(values: dict[str, str]) -> Progress:
    return Progress(
        frame=int(_number(values.get("frame"))),
        # Despite its name ffmpeg's out_time_ms has been microseconds for ever: use _us.
        out_time_s=_number(values.get("out_time_us")) / 1_000_000,
        total_bytes=int(_number(values.get("total_size"))),
        speed=_number(values.get("speed", "").rstrip("x")) or None,
    )


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:  # "N/A"
        return 0.0
