"""Prove one stretch of an asset: compare what was published with the source.

A point that fails is an answer, not an error: the step fails only where nothing can be compared.
"""

from collections.abc import Iterator, Sequence

from pipeline.core.hls import media_name
from pipeline.core.proof import container, playlists
from pipeline.core.proof.track import Track
from schemas.certificate import Point
from schemas.tasks import ProveParams, ProveResult
from schemas.timeline import Timeline
from schemas.vocabulary import Medium
from workers.bench import Bench
from workers.steps.proof.gather import gather

_MOST_PLAYLIST_BYTES = 64 * 2**20


def run(params: ProveParams, bench: Bench) -> ProveResult:
    """Look at every point of one stretch.

    Raises:
        NotFound, OutputInvalid: there is nothing to compare.
        WorkFailed, WorkStalled, ScratchFull, Stopped, StorageUnavailable.
    """
    timeline = bench.timeline()
    key = bench.content_key() if timeline.is_encrypted else None
    tracks = tuple(
        gather(each, params.stretch, bench, key)
        for each in timeline.renditions
        if each.medium is not Medium.TEXT
    )
    points = tuple(_container_points(params, timeline, tracks, bench))
    return ProveResult(stretch=params.stretch, points=points, cpu_s=0.0)


def _container_points(
    params: ProveParams, timeline: Timeline, tracks: Sequence[Track], bench: Bench
) -> Iterator[Point]:
    grid = params.plan.grid
    for track in tracks:
        if track.is_picture and grid is not None:
            yield container.frames(track, grid)
            yield container.picture_times(track, grid)
        else:
            yield container.sound_times(track)
        yield container.inits(track)
        key = timeline.files.get(media_name(track.name))
        text = None if key is None else bench.head(key, _MOST_PLAYLIST_BYTES).decode()
        yield playlists.extinf(track, timeline.asset_id, text)
    rungs = [track for track in tracks if track.is_picture]
    if rungs and grid is not None:
        yield container.keyframes(rungs, grid)
