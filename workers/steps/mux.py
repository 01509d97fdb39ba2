"""Put the best rendition and all sound into one MP4 to download; nothing is encoded again."""

from collections.abc import Iterator

from pipeline.core.argv.mux import DOWNLOAD_NAME, DOWNLOAD_TYPE, mux_argv, track_name
from pipeline.core.errors import OutputInvalid, Stopped
from schemas.tasks import MuxParams, MuxResult
from schemas.timeline import RenditionTimeline, Timeline
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import run as run_ffmpeg

_WALL_FLOOR_S = 900.0
_WALL_PER_MEDIA_SECOND = 1.0
_MEMORY_BYTES = 2 * 2**30
#: The container's own bytes beside the segments': the index of every frame.
_OVERHEAD = 1.2
_OVERHEAD_FLOOR_BYTES = 16 * 2**20
#: Every init segment is smaller.
_INIT_BYTES = 2**20


def run(params: MuxParams, bench: Bench) -> MuxResult:
    """Lay the tracks side by side, copy them into one file and store it.

    Raises:
        OutputInvalid: there is nothing to put into it.
        Stopped, ScratchFull, StorageUnavailable, WorkFailed.
    """
    timeline = bench.timeline()
    renditions = _chosen(timeline)
    if timeline.asset_id != params.asset_id or not renditions:
        raise OutputInvalid("Nothing of this asset is published.")
    n_bytes = sum(_lay_down(rendition, bench) for rendition in renditions)
    run_ffmpeg(
        mux_argv(renditions, n_bytes=n_bytes),
        program=bench.tools.ffmpeg,
        cage=Cage(bench.scratch),
        limits=Limits(
            wall_s=_WALL_FLOOR_S + _WALL_PER_MEDIA_SECOND * float(timeline.duration_s),
            stall_s=bench.tools.stall_s,
            memory_bytes=_MEMORY_BYTES,
            output_bytes=round(n_bytes * _OVERHEAD) + _OVERHEAD_FLOOR_BYTES,
        ),
        stop=bench.stop,
        on_progress=lambda progress: bench.report({"": 0.5}, speed=progress.speed),
    )
    path = bench.scratch / DOWNLOAD_NAME
    key = bench.put(path, DOWNLOAD_NAME, content_type=DOWNLOAD_TYPE)
    bench.report({"": 1.0})
    return MuxResult(key=key, size_bytes=path.stat().st_size)


def _chosen(timeline: Timeline) -> list[RenditionTimeline]:
    """Take the best picture and every sound."""
    # Where the init segment changes midway, no single file can hold the rendition.
    shown = [
        each
        for each in timeline.renditions
        if len({segment.init_sha256 for segment in each.segments}) == 1
    ]
    videos = [each for each in shown if each.medium == "video"]
    best = [max(videos, key=lambda each: each.bitrate_bps)] if videos else []
    return best + [each for each in shown if each.medium == "audio"]


def _lay_down(rendition: RenditionTimeline, bench: Bench) -> int:
    """Write a rendition as a player's buffer would hold it; tell its bytes."""
    with (bench.scratch / track_name(rendition.name)).open("wb") as track:
        for data in _pieces(rendition, bench):
            if bench.stop.is_set():
                raise Stopped("asked to stop while fetching segments")
            track.write(data)
        return track.tell()


def _pieces(rendition: RenditionTimeline, bench: Bench) -> Iterator[bytes]:
    yield bench.head(rendition.segments[0].init_key, _INIT_BYTES)
    for segment in rendition.segments:
        yield bench.head(segment.key, segment.size_bytes)
