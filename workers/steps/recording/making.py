"""Runs ffmpeg over what was sent, until it is one FLV that one file can hold."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.core.argv.recording import encode_argv
from pipeline.core.errors import OutputInvalid
from pipeline.core.recording.joining import common_size_px, is_one_file
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import run
from workers.steps.recording.gathering import Sent, joined

_WALL_FLOOR_S = 600.0
#: Slower than any disk, or than any encoder at a publisher's rate.
_SLOWEST_BYTES_PER_S = 64 * 2**10
_MEMORY_BYTES = 4 * 2**30
#: Pictures of many sizes all come out as the largest.
_GROWTH, _FLOOR_BYTES = 8, 64 * 2**20


class Making:
    """ffmpeg in the bench's folder, and what it cost."""

    def __init__(self, bench: Bench) -> None:
        self.cpu_s = 0.0
        self._bench = bench

    def whole(self, sent: Sent) -> Path:
        """Name the one file; parts that differ are encoded until they do not.

        Raises:
            OutputInvalid: they still differ.
        """
        parts = sent.joining.parts
        if is_one_file(parts):
            return sent.files[0]
        size_px = common_size_px(parts)
        encoded = [self._encoded(file, size_px) for file in sent.files]
        made = joined(encoded, self._bench, stem="whole")
        if not is_one_file(made.joining.parts):
            raise OutputInvalid("what was sent could not be brought to one form")
        return made.files[0]

    def _encoded(self, file: Path, size_px: tuple[int, int]) -> Path:
        target = file.with_name(f"encoded-{file.name}")
        threads = self._bench.tools.threads
        argv = encode_argv(file.name, target.name, size_px=size_px, threads=threads)
        self.ffmpeg(argv, n_bytes=file.stat().st_size)
        file.unlink()
        return target

    def ffmpeg(self, argv: Sequence[str], *, n_bytes: int) -> None:
        """Run it over so many bytes."""
        ended = run(
            argv,
            program=self._bench.tools.ffmpeg,
            cage=Cage(self._bench.scratch),
            limits=Limits(
                wall_s=_WALL_FLOOR_S + n_bytes / _SLOWEST_BYTES_PER_S,
                stall_s=self._bench.tools.stall_s,
                memory_bytes=_MEMORY_BYTES,
                output_bytes=_FLOOR_BYTES + n_bytes * _GROWTH,
            ),
            stop=self._bench.stop,
            on_progress=lambda progress: self._bench.report({"": 0.5}, speed=progress.speed),
        )
        self.cpu_s += ended.cpu_s
