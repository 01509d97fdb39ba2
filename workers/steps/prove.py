"""Prove one stretch of an asset: compare what was published with the source.

A point that fails is an answer, not an error: the step fails only where nothing can be compared.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import thread_time

from pipeline.core import colors
from pipeline.core.argv.proof import tags_argv
from pipeline.core.hls import media_name
from pipeline.core.proof import container, playlists
from pipeline.core.proof.announced import announced
from pipeline.core.proof.track import Track
from schemas.certificate import Point
from schemas.tasks import ProveParams, ProveResult
from schemas.timeline import Timeline
from schemas.vocabulary import Medium
from workers.bench import Bench
from workers.steps.proof.clocked import Sent, said
from workers.steps.proof.gather import gather, head
from workers.steps.proof.listen import Hearing, listen
from workers.steps.proof.programs import Programs
from workers.steps.proof.watch import Viewing, watch

_MOST_PLAYLIST_BYTES = 64 * 2**20
_MASTER_NAME = "master.m3u8"


def run(params: ProveParams, bench: Bench) -> ProveResult:
    """Look at every point of one stretch.

    Raises:
        NotFound, OutputInvalid: there is nothing to compare.
        WorkFailed, WorkStalled, ScratchFull, Stopped, StorageUnavailable.
    """
    started_s = thread_time()
    timeline = bench.timeline()
    key = bench.content_key() if timeline.is_encrypted else None
    tracks = tuple(
        gather(each, params.stretch, bench, key)
        for each in timeline.renditions
        if each.medium is not Medium.TEXT
    )
    programs = Programs(bench, params.stretch.end_s - params.stretch.start_s)
    proof = _Proof(params, timeline, tracks, bench, programs)
    points = tuple(proof.points())
    cpu_s = programs.cpu_s + thread_time() - started_s
    return ProveResult(stretch=params.stretch, points=points, cpu_s=round(cpu_s, 3))


@dataclass(frozen=True)
class _Proof:
    """Everything one stretch is judged from."""

    params: ProveParams
    timeline: Timeline
    tracks: tuple[Track, ...]
    bench: Bench
    programs: Programs

    def points(self) -> Iterator[Point]:
        """Look at what needs no decoding first."""
        rungs = [track for track in self.tracks if track.is_picture]
        source = self.bench.source(self.params.source)
        if any(track.is_clocked for track in self.tracks):
            yield from said(self.tracks, Sent(self.params, source, self.programs))
            yield from map(self._extinf, self.tracks)
        else:
            yield from self._containers(rungs)
        if self.params.stretch.index == 0:
            yield from (self._announced(track) for track in self.tracks)
        yield from self._watch(rungs, source)
        yield from self._listen(source)

    def _containers(self, rungs: Sequence[Track]) -> Iterator[Point]:
        for track in self.tracks:
            yield from self._container(track)
        if rungs and self.params.plan.grid is not None:
            yield container.keyframes(rungs, self.params.plan.grid)

    def _container(self, track: Track) -> Iterator[Point]:
        grid = self.params.plan.grid
        if track.is_picture and grid is not None:
            yield container.frames(track, grid)
            yield container.picture_times(track, grid)
        else:
            yield container.sound_times(track)
        yield container.inits(track)
        yield self._extinf(track)

    def _extinf(self, track: Track) -> Point:
        text = self._text(media_name(track.name))
        return playlists.extinf(track, self.timeline.asset_id, text)

    def _text(self, name: str) -> str | None:
        key = self.timeline.files.get(name)
        return None if key is None else self.bench.head(key, _MOST_PLAYLIST_BYTES).decode()

    def _announced(self, track: Track) -> Point:
        rungs = {rung.name: rung for rung in self.params.plan.rungs}
        video, rung = self.params.facts.video, rungs.get(track.name)
        tags = colors.output(video, rung.video_range) if video and rung else None
        answer = self.programs.ffprobe(tags_argv(head(track, self.bench)))
        stream = json.loads(answer)["streams"][0]
        is_as_sent = track.is_clocked or track.name == self.params.plan.copied_rung
        if is_as_sent and tags is not None:
            # Colours that a source passed on leaves unsaid are what its players assume.
            stream = {**_said_by_all(tags), **stream}
        return announced(track, self._text(_MASTER_NAME), stream, tags)

    def _watch(self, rungs: Sequence[Track], source: Path) -> Iterator[Point]:
        video, grid = self.params.facts.video, self.params.plan.grid
        if video is not None and grid is not None and rungs:
            viewing = Viewing(self.params, video, grid, self.bench, self.programs)
            yield from watch(viewing, rungs, source)

    def _listen(self, source: Path) -> Iterator[Point]:
        hearing = Hearing(self.params, self.bench, self.programs)
        tracks = {track.name: track for track in self.tracks}
        facts = {track.index: track for track in self.params.facts.audios}
        for audio in self.params.plan.audios:
            yield from listen(hearing, tracks[audio.name], audio, facts[audio.source_index], source)


def _said_by_all(tags: colors.Colors) -> dict[str, str]:
    return {
        "color_space": tags.matrix,
        "color_primaries": tags.primaries,
        "color_transfer": tags.transfer,
    }
