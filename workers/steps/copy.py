"""Cut a source that already is what a rung would become into segments; encode it if it is not.

The plan knows times and sizes of a source, not every bit: what only the finished segments show
(open groups of pictures, parameter sets that change) is found by the check of every segment.
"""

import shutil

from pipeline.core.argv.copying import copy_argv
from pipeline.core.errors import MediaDamaged, WorkFailed
from schemas.tasks import CopyParams, EncodeParams, EncodeResult
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import run as run_ffmpeg
from workers.steps import encode

#: Reading and writing once; whoever still makes progress is slow, not stuck.
_WALL_FLOOR_S = 900.0
_WALL_PER_MEDIA_SECOND = 2.0
_MEMORY_BYTES = 2 * 2**30
#: What is told as the encoder of segments that none has touched.
COPIED_BUILD = "copied"


def run(params: CopyParams, bench: Bench) -> EncodeResult:
    """Copy the source into the segments of its rung.

    Raises:
        MediaError, WorkFailed, ScratchFull, Stopped, StorageUnavailable: as of an encode.
    """
    work = params.work
    folder = bench.scratch / work.rungs[0].name
    folder.mkdir()
    try:
        return _copied(work, bench)
    except (MediaDamaged, WorkFailed):
        shutil.rmtree(folder)
        return encode.run(work, bench)


def _copied(work: EncodeParams, bench: Bench) -> EncodeResult:
    source = bench.source(work.source)
    name = work.rungs[0].name
    ended = run_ffmpeg(
        copy_argv(work, source=str(source)),
        program=bench.tools.ffmpeg,
        cage=Cage(bench.scratch, (source,)),
        limits=Limits(
            wall_s=_WALL_FLOOR_S + _WALL_PER_MEDIA_SECOND * float(work.facts.duration_s),
            stall_s=bench.tools.stall_s,
            memory_bytes=_MEMORY_BYTES,
            # No segment can be larger than all of it.
            output_bytes=work.facts.size_bytes + 2**20,
        ),
        stop=bench.stop,
        on_progress=lambda progress: bench.report({name: 0.5}, speed=progress.speed),
    )
    renditions, segments = encode.check_and_store(work, bench, is_copied=True)
    return EncodeResult(
        renditions=renditions,
        segments=segments,
        encoder_build=COPIED_BUILD,
        encode_s=0.0,
        cpu_s=round(ended.cpu_s, 3),
    )
