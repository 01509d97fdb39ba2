"""The poster of a sound, part of its thumbnails task: the cover, or else the waveform."""

from pathlib import Path

from pipeline.core.argv.sound_poster import NAME, SIZE_PX, cover_argv, waveform_argv
from pipeline.core.errors import MediaError, ScratchFull, WorkFailed
from schemas.tasks import Picture, ThumbnailsParams
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import run as run_ffmpeg

_WALL_S = 3600.0
_MEMORY_BYTES = 2 * 2**30
_OUTPUT_BYTES = 16 * 2**20


def make(params: ThumbnailsParams, bench: Bench) -> tuple[Picture, ...]:
    """Store the poster; none where nothing can be drawn, which is no reason to fail.

    Raises:
        Stopped, ScratchFull, StorageUnavailable.
    """
    facts, source = params.facts, bench.source(params.source)
    ways: list[list[str]] = []
    if facts.cover_index is not None:
        ways.append(cover_argv(facts, source=str(source)))
    if facts.audio is not None:
        ways.append(waveform_argv(facts, facts.audio, source=str(source)))
    return (_stored(bench),) if any(_try(bench, source, argv) for argv in ways) else ()


def _try(bench: Bench, source: Path, argv: list[str]) -> bool:
    try:
        run_ffmpeg(
            argv,
            program=bench.tools.ffmpeg,
            cage=Cage(bench.scratch, (source,)),
            limits=Limits(
                wall_s=_WALL_S,
                stall_s=bench.tools.stall_s,
                memory_bytes=_MEMORY_BYTES,
                output_bytes=_OUTPUT_BYTES,
            ),
            stop=bench.stop,
            on_progress=lambda _: bench.report({"": 0.5}),
        )
    except ScratchFull:
        # The box's fault, not the file's.
        raise
    except (MediaError, WorkFailed):
        return False
    return (bench.scratch / NAME).is_file()


def _stored(bench: Bench) -> Picture:
    key = bench.put(bench.scratch / NAME, "poster-0.jpg", content_type="image/jpeg")
    return Picture(key=key, width_px=SIZE_PX[0], height_px=SIZE_PX[1], at_s=0.0)
