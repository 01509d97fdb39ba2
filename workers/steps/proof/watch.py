"""Look at the pictures of a stretch: decode each rung once, the source in shots, and compare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from pipeline.core.argv import proof
from pipeline.core.argv.proof import TICKS_PER_S, SourceReel
from pipeline.core.argv.watermark import IMAGE_NAME
from pipeline.core.errors import MediaDamaged, MediaError, WorkFailed
from pipeline.core.keys import watermark_key
from pipeline.core.measures import MEDIA_ZERO_S
from pipeline.core.proof import film, pictures, sampling, shots
from pipeline.core.proof.decoding import decoding
from pipeline.core.proof.film import Film
from pipeline.core.proof.shots import MARGIN_FRAMES, Reel, Shot
from pipeline.core.proof.track import Track
from schemas.certificate import Point
from schemas.media import VideoFacts
from schemas.plan import Grid, RungPlan
from schemas.tasks import ProveParams
from workers.bench import Bench
from workers.steps.proof.faults import faulty_parts
from workers.steps.proof.gather import join
from workers.steps.proof.measure import measure
from workers.steps.proof.programs import Programs, taken


@dataclass(frozen=True)
class Viewing:
    """What pictures are compared with, and by what."""

    params: ProveParams
    video: VideoFacts
    grid: Grid
    bench: Bench
    programs: Programs

    @cached_property
    def shots(self) -> tuple[Shot, ...]:
        """The frames that are compared."""
        params = self.params
        return shots.choose(params.facts, self.grid, params.plan.chunks, params.stretch)

    @cached_property
    def samples(self) -> tuple[sampling.Sample, ...]:
        """The frames looked at in full size."""
        return sampling.choose(self.shots, self.grid)

    @cached_property
    def size_px(self) -> tuple[int, int]:
        """Size of small pictures."""
        return film.small_size_px(self.params.plan.rungs[0])


def watch(viewing: Viewing, tracks: Sequence[Track], source: Path) -> Iterator[Point]:
    """Yield what the pictures of every rung are found to be."""
    mark = viewing.params.plan.watermark
    if mark is not None:
        key = watermark_key(viewing.params.source.asset_id, mark.sha256)
        viewing.bench.fetch(key, viewing.bench.scratch / IMAGE_NAME)
    right, is_clean = _source_film(viewing, source)
    for track, rung in zip(tracks, viewing.params.plan.rungs, strict=True):
        made, has_trouble = _film(viewing, track, rung)
        programs, bench = viewing.programs, viewing.bench
        faults = faulty_parts(track, programs, bench) if has_trouble else {}
        yield decoding(track, faults)
        yield pictures.pictures(pictures.Viewed(track, made, right, viewing.grid, is_clean))
        pairs = sampling.pairs(viewing.samples, viewing.grid, made, right)
        yield measure(rung, pairs, programs, bench.scratch)


def _film(viewing: Viewing, track: Track, rung: RungPlan) -> tuple[Film, bool]:
    """Decode a rung; tell whether anything was said of it."""
    joined = join(track, viewing.bench)
    argv = proof.film_argv(
        rung,
        size_px=viewing.size_px,
        shots=sampling.in_rendition(viewing.shots, viewing.grid),
        samples=sampling.in_rendition(viewing.samples, viewing.grid),
    )
    try:
        has_trouble = bool(viewing.programs.ffmpeg(argv).stderr_tail.strip())
    except (MediaError, WorkFailed):
        has_trouble = True
    joined.unlink()
    return _read(viewing, track.name, MEDIA_ZERO_S), has_trouble


def _source_film(viewing: Viewing, source: Path) -> tuple[Film, bool]:
    """Decode the source's shots; tell whether none of them brought a message."""
    films, is_clean = [], True
    for reel in shots.reels(viewing.shots, viewing.params.facts, viewing.grid):
        argv = proof.source_reel_argv(_source_reel(viewing, reel), source=str(source))
        try:
            is_clean &= not viewing.programs.ffmpeg(argv, source).n_error_lines
        except MediaDamaged:
            # Nothing of it decodes: there is nothing to compare.
            is_clean = False
        _keep_samples(viewing)
        films.append(_read(viewing, "source", float(viewing.grid.source_start_s)))
    return film.joined(films), is_clean


def _source_reel(viewing: Viewing, reel: Reel) -> SourceReel:
    grid = viewing.grid
    inside = [
        one
        for one in viewing.samples
        if any(shot.first_frame <= one.first_frame < shot.end_frame for shot in reel.shots)
    ]
    return SourceReel(
        video=viewing.video,
        plan=viewing.params.plan,
        seek_s=reel.seek_s,
        shots=sampling.around(reel.shots, grid, MARGIN_FRAMES),
        samples=sampling.in_source(inside, grid),
        size_px=viewing.size_px,
    )


def _keep_samples(viewing: Viewing) -> None:
    """Put the samples of one reel behind those of the ones before it."""
    for rung in viewing.params.plan.rungs:
        written = viewing.bench.scratch / f"source-{rung.name}.full"
        with (viewing.bench.scratch / f"source-{rung.name}.kept").open("ab") as kept:
            kept.write(taken(written))


def _read(viewing: Viewing, name: str, zero_s: float) -> Film:
    folder = viewing.bench.scratch
    raw, printed = taken(folder / f"{name}.small"), taken(folder / f"{name}.times")
    times_s = np.array(film.read_ticks(printed), np.float64) / TICKS_PER_S - zero_s
    numbers = times_s * float(viewing.grid.frame_rate)
    # Margins of shots never meet: what lies before one belongs to the one before it.
    firsts = [shot.first_frame - MARGIN_FRAMES - 0.5 for shot in viewing.shots]
    at = np.maximum(np.searchsorted(firsts, numbers, side="right") - 1, 0)
    return film.film_of(raw, viewing.size_px, times_s, at)
