"""Draws the pictures of an animated WebP anew, without loss, where ffprobe can read them."""

from dataclasses import replace

from pipeline.core.animation import ANIMATED_WEBP
from pipeline.core.argv.remux import draw_argv
from pipeline.core.errors import MediaUnsupported, WorkFailed
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.probe import Prober
from workers.ffmpeg.run import run as run_ffmpeg

_MEMORY_BYTES = 2 * 2**30
_WALL_S = 600.0
#: Animations are short: what is larger without loss is meant to fill a disk.
_OUTPUT_BYTES = 2 * 2**30
_NAME = "drawn.mkv"


def drawn(prober: Prober, bench: Bench) -> Prober:
    """Draw an animated WebP; anything else is asked about as it is.

    Raises:
        MediaUnsupported: it cannot be drawn within reason.
    """
    if prober.demuxer != ANIMATED_WEBP:
        return prober
    try:
        run_ffmpeg(
            draw_argv(
                str(prober.source),
                _NAME,
                demuxer=ANIMATED_WEBP,
                max_pixels=bench.tools.max_source_pixels,
            ),
            program=bench.tools.ffmpeg,
            cage=Cage(bench.scratch, (prober.source,)),
            limits=Limits(
                wall_s=_WALL_S,
                stall_s=bench.tools.stall_s,
                memory_bytes=_MEMORY_BYTES,
                output_bytes=_OUTPUT_BYTES,
            ),
            stop=bench.stop,
            on_progress=lambda _: bench.report({"": 0.05}),
        )
    except WorkFailed as error:
        raise MediaUnsupported(error.detail, code="media.codec_unsupported") from error
    return replace(prober, source=bench.scratch / _NAME, demuxer="matroska")
