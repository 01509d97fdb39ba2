"""What is still to be made of a recording whose segments are all there: stills, playlists, proofs.

::

    record → thumbnails → package → prove × stretches

All of it is background work: what was served can be watched all the while.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from pipeline.core import stretches
from pipeline.core.graph import NewTask
from pipeline.core.ranks import task_rank
from pipeline.core.recording.spans import Span, total_ms
from schemas.certificate import Stretch
from schemas.media import MediaFacts
from schemas.plan import AudioPlan, Grid, MediaPlan
from schemas.tasks import PackageParams, ProveParams, SourceRef, TaskParams, ThumbnailsParams
from schemas.vocabulary import QueueName, TaskId


@dataclass(frozen=True)
class Recorded:
    """A broadcast, all of it served."""

    source: SourceRef
    facts: MediaFacts
    plan: MediaPlan
    #: Unbroken stretches of what was served.
    runs: tuple[Span, ...]
    #: The job's.
    rank: float


def planned(plan: MediaPlan, facts: MediaFacts, runs: tuple[Span, ...]) -> MediaPlan:
    """Complete the plan a broadcast began with, when nobody knew how long it would be.

    The source's clock is the broadcast's, as its segments' is.
    """
    return plan.model_copy(
        update={
            "grid": _grid(plan.grid, facts),
            "audios": tuple(_audio(each, facts) for each in plan.audios) if facts.audios else (),
            "duration_s": Fraction(total_ms(runs), 1000),
        }
    )


def _grid(grid: Grid | None, facts: MediaFacts) -> Grid | None:
    if grid is None or facts.video is None:
        return None
    end_s = facts.video.start_s + facts.video.duration_s
    n_frames = max(1, round(end_s * grid.frame_rate))
    return grid.model_copy(update={"n_frames": n_frames, "source_start_s": Fraction(0)})


def _audio(audio: AudioPlan, facts: MediaFacts) -> AudioPlan:
    # A publisher has one sound.
    return audio.model_copy(update={"source_index": facts.audios[0].index})


def tasks(recorded: Recorded, *, new_id: Callable[[], TaskId]) -> tuple[NewTask, ...]:
    """Make the tasks; proofs come last."""
    asset_id = recorded.source.asset_id
    stills = ThumbnailsParams(
        source=recorded.source,
        facts=recorded.facts,
        count=recorded.plan.thumbnail_count if recorded.facts.video else 0,
        storyboard_interval_s=recorded.plan.storyboard_interval_s,
        runs=tuple((run.from_ms, run.until_ms) for run in recorded.runs),
    )
    first = _task(recorded, new_id(), stills, QueueName.THUMBNAILS, 1)
    text = PackageParams(asset_id=asset_id)
    package = _task(recorded, new_id(), text, QueueName.PACKAGE, 2, needs=(first.id,))
    proofs = (_prove(recorded, stretch, new_id(), package.id) for stretch in cut(recorded.runs))
    return (first, package, *proofs)


def _prove(recorded: Recorded, stretch: Stretch, task_id: TaskId, package: TaskId) -> NewTask:
    params = ProveParams(
        source=recorded.source, facts=recorded.facts, plan=recorded.plan, stretch=stretch
    )
    return _task(
        recorded,
        task_id,
        params,
        QueueName.PROVE,
        stretch.index,
        needs=(package,),
        chunk=stretch.index,
        scratch_bytes=stretches.scratch_bytes(recorded.plan, stretch),
    )


def _task(  # what differs between tasks
    recorded: Recorded,
    task_id: TaskId,
    params: TaskParams,
    queue: QueueName,
    order: int,
    *,
    needs: tuple[TaskId, ...] = (),
    chunk: int | None = None,
    scratch_bytes: int = 0,
) -> NewTask:
    return NewTask(
        id=task_id,
        params=params,
        queue=queue,
        rank=task_rank(recorded.rank, order=order, is_express=False),
        needs=needs,
        chunk=chunk,
        is_background=True,
        weight=0.0,
        scratch_bytes=scratch_bytes,
    )


def cut(runs: tuple[Span, ...]) -> tuple[Stretch, ...]:
    """Cut unbroken stretches into what one proof looks at; their times are the clock's."""
    spans = [piece for run in runs for piece in _pieces(run)]
    return tuple(
        Stretch(
            index=index,
            n_stretches=len(spans),
            start_s=span.from_ms / 1000,
            end_s=span.until_ms / 1000,
        )
        for index, span in enumerate(spans)
    )


def _pieces(run: Span) -> Iterator[Span]:
    step_ms = stretches.LONGEST_S * 1000
    n_pieces = max(1, round(run.length_ms / step_ms))
    borders = [run.from_ms + n * step_ms for n in range(n_pieces)]
    for n, from_ms in enumerate(borders):
        yield Span(from_ms, borders[n + 1] if n + 1 < n_pieces else run.until_ms)
