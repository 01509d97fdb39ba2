"""Makes the working copy of a source that cannot be sought exactly or whose times are broken.

One copy of its packets, nothing decoded. What cannot be copied faithfully is left as it is:
one task then encodes all of it.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.core.argv.remux import remux_argv
from pipeline.core.errors import MediaError, ScratchFull, WorkFailed
from pipeline.core.facts import facts
from pipeline.core.working import EXACT_CONTAINERS, Remedy, is_faithful, remedy
from schemas.media import MediaFacts
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.probe import Prober
from workers.ffmpeg.run import run as run_ffmpeg
from workers.steps.look import Look, look

_MEMORY_BYTES = 2 * 2**30
_WALL_FLOOR_S, _SLOWEST_BYTES_PER_S = 600.0, 2 * 2**20
#: What an index and the framing of packets may add to a file.
_GROWTH, _GROWTH_FLOOR_BYTES = 1.25, 64 * 2**20
#: How far behind a keyframe a seek is tried, and how near to it it must land: about one tick.
_TICK_S = 0.002


@dataclass(frozen=True)
class Mended:
    """A copy that is faithful, and what it mends."""

    look: Look
    remedy: Remedy


def mended(source: Look, bench: Bench, *, is_seekable: bool) -> Mended | None:
    """Copy a source if it needs that; None where it does not, or no copy is faithful."""
    wanted = remedy(source.found, is_seekable=is_seekable)
    if wanted is None:
        return None
    for muxer in wanted.muxers:
        copy = _copied(source, wanted, muxer, bench)
        if copy is not None:
            return Mended(copy, wanted)
    return None


def _copied(source: Look, wanted: Remedy, muxer: str, bench: Bench) -> Look | None:
    path = bench.scratch / f"working.{muxer}"
    try:
        _remux(source, wanted, path, muxer, bench)
        copy = look(replace(source.prober, source=path, demuxer=muxer), bench)
        stated = facts(copy.found)
        if is_faithful(copy.found, stated, source.found, wanted) and seeks(copy.prober, stated):
            return copy
    except (MediaError, WorkFailed, ScratchFull):
        # The codec has no home there, or the box no room: the source itself still works.
        pass
    path.unlink(missing_ok=True)
    return None


def _remux(source: Look, wanted: Remedy, path: Path, muxer: str, bench: Bench) -> None:
    size_bytes = source.found.size_bytes
    run_ffmpeg(
        remux_argv(
            str(source.prober.source),
            path.name,
            demuxer=source.found.container,
            muxer=muxer,
            tracks=wanted.tracks,
        ),
        program=bench.tools.ffmpeg,
        cage=Cage(bench.scratch, (source.prober.source,)),
        limits=Limits(
            wall_s=_WALL_FLOOR_S + size_bytes / _SLOWEST_BYTES_PER_S,
            stall_s=bench.tools.stall_s,
            memory_bytes=_MEMORY_BYTES,
            output_bytes=_GROWTH_FLOOR_BYTES + round(size_bytes * _GROWTH),
        ),
        stop=bench.stop,
        on_progress=lambda _: bench.report({"": 0.6}),
    )


def seeks(prober: Prober, stated: MediaFacts) -> bool:
    """Prove that a seek just behind a keyframe lands on that very keyframe."""
    video = stated.video
    if stated.container not in EXACT_CONTAINERS:
        return False
    if video is None or len(video.keyframes_s) == 1:
        return True
    keyframe_s = video.keyframes_s[len(video.keyframes_s) // 2] if video.keyframes_s else None
    if keyframe_s is None:
        return False
    landed_s = prober.seek(video.index, keyframe_s + _TICK_S)
    return landed_s is not None and abs(landed_s - keyframe_s) < _TICK_S
