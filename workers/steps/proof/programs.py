"""Runs a proof's programs: patiently, one thread each, counting what they cost."""

from collections.abc import Sequence
from pathlib import Path

from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import Finished, read_lines, run

_WALL_FLOOR_S = 900.0
_WALL_PER_MEDIA_SECOND = 30.0
_MEMORY_BYTES = 4 * 2**30
_OUTPUT_BYTES = 8 * 2**30
#: The most patient there is: a proof takes what encodes leave.
_NICE = 19


class Programs:
    """ffmpeg and ffprobe in the bench's folder."""

    def __init__(self, bench: Bench, media_s: float) -> None:
        self.cpu_s = 0.0
        self._bench = bench
        self._limits = Limits(
            wall_s=_WALL_FLOOR_S + _WALL_PER_MEDIA_SECOND * media_s,
            stall_s=bench.tools.stall_s,
            memory_bytes=_MEMORY_BYTES,
            output_bytes=_OUTPUT_BYTES,
            nice=_NICE,
        )

    def ffmpeg(self, argv: Sequence[str], *readable: Path) -> Finished:
        """Run ffmpeg to its end."""
        ended = run(
            argv,
            program=self._bench.tools.ffmpeg,
            cage=Cage(self._bench.scratch, readable),
            limits=self._limits,
            stop=self._bench.stop,
            on_progress=lambda progress: self._bench.report({"": 0.5}, speed=progress.speed),
        )
        self.cpu_s += ended.cpu_s
        return ended

    def ffprobe(self, argv: Sequence[str], *readable: Path) -> bytes:
        """Ask ffprobe."""
        lines: list[bytes] = []
        ended = read_lines(
            argv,
            program=self._bench.tools.ffprobe,
            cage=Cage(self._bench.scratch, readable),
            limits=self._limits,
            stop=self._bench.stop,
            on_line=lines.append,
        )
        self.cpu_s += ended.cpu_s
        return b"\n".join(lines)


def taken(path: Path) -> bytes:
    """Read and remove what a program wrote; nothing, where it did not."""
    if not path.exists():
        return b""
    data = path.read_bytes()
    path.unlink()
    return data
