"""Cut a source that already is what a rung would become into segments; encode it if it is not.

The plan knows times and sizes of a source, not every bit: what only the finished segments show
(open groups of pictures, parameter sets that change) is found by the check of every segment,
what does not decode by decoding it: damage would be copied and neither counted nor refused.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.core.argv.copying import copy_argv, decode_argv
from pipeline.core.errors import MediaDamaged, WorkFailed
from schemas.tasks import CopyParams, EncodeParams, EncodeResult
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import Finished
from workers.ffmpeg.run import run as run_ffmpeg
from workers.steps import encode

#: Reading, writing and decoding once; whoever still makes progress is slow, not stuck.
_WALL_FLOOR_S = 900.0
_WALL_PER_MEDIA_SECOND = 20.0
_MEMORY_BYTES = 4 * 2**30
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
    copied = _ffmpeg(copy_argv(work, source=str(source)), source, work, bench)
    decoding = decode_argv(work, source=str(source), threads=bench.tools.threads)
    decoded = _ffmpeg(decoding, source, work, bench)
    if not decoded.is_clean:
        raise MediaDamaged("The picture does not decode cleanly: it is not copied as it is.")
    renditions, segments = encode.check_and_store(work, bench, is_copied=True)
    return EncodeResult(
        renditions=renditions,
        segments=segments,
        encoder_build=COPIED_BUILD,
        encode_s=0.0,
        cpu_s=round(copied.cpu_s + decoded.cpu_s, 3),
    )


def _ffmpeg(argv: Sequence[str], source: Path, work: EncodeParams, bench: Bench) -> Finished:
    name = work.rungs[0].name
    return run_ffmpeg(
        argv,
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
