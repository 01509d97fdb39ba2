"""A job as a graph of tasks: what is made, what needs what, how much each weighs.

::

    (fetch) → probe → (analyze)
          → {thumbnails, extract_subtitles, encode_audio × tracks, encode × chunks}
          → (mux) → package → prove × stretches

The first chunk and the sound are express: a viewer waits for them. The job ends with the
package: proofs are background work, which neither delays nor fails it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pipeline.core import stretches
from pipeline.core.chunks import zero_s
from pipeline.core.ranks import task_rank
from schemas.certificate import Stretch
from schemas.media import MediaFacts
from schemas.plan import AudioPlan, ChunkPlan, Grid, MediaPlan, RungPlan
from schemas.tasks import (
    AnalyzeParams,
    CopyParams,
    EncodeAudioParams,
    EncodeParams,
    ExtractSubtitlesParams,
    MuxParams,
    PackageParams,
    ProbeResult,
    ProveParams,
    SourceRef,
    TaskParams,
    ThumbnailsParams,
)
from schemas.vocabulary import QueueName, TaskId

#: Expected cost of the small tasks, in the seconds that ``MediaPlan.estimated_cpu_s`` counts.
_PROBE_COST_S = 0.5
_PACKAGE_COST_S = 0.5
_THUMBNAILS_COST_PER_S = 0.01
_AUDIO_COST_PER_S = 0.02
#: Aimed length of a segment of subtitles.
_TEXT_SEGMENT_S = 60


@dataclass(frozen=True)
class NewTask:
    """A task to insert."""

    id: TaskId
    params: TaskParams
    queue: QueueName
    rank: float
    needs: tuple[TaskId, ...] = ()
    chunk: int | None = None
    is_express: bool = False
    is_build_pinned: bool = False
    #: The job ends without it.
    is_background: bool = False
    #: Share of the job's work, in expected CPU seconds.
    weight: float = 1.0
    #: Renditions it makes.
    parts: tuple[str, ...] = ()
    scratch_bytes: int = 0


@dataclass(frozen=True)
class Expansion:
    """What the tasks after the probe are made from."""

    source: SourceRef
    facts: MediaFacts
    plan: MediaPlan
    #: The job's.
    rank: float
    #: Where pictures are encoded: the CPU or the GPU queue.
    encode_queue: QueueName
    #: Rungs that an earlier job made already.
    lent: frozenset[str] = frozenset()


def expand(job: Expansion, *, new_id: Callable[[], TaskId]) -> tuple[NewTask, ...]:
    """Make all tasks that follow the probe; the package, then the proofs, come last."""
    work = [_thumbnails(job, new_id)]
    if job.plan.grid is not None:
        work += _pictures(job, job.plan.grid, new_id)
    work += [_encode_audio(job, audio, new_id) for audio in job.plan.audios]
    if job.plan.subtitles:
        work.append(_extract_subtitles(job, new_id))
    if job.plan.has_download:
        work.append(_mux(job, work, new_id))
    package = NewTask(
        id=new_id(),
        params=PackageParams(asset_id=job.source.asset_id),
        queue=QueueName.PACKAGE,
        rank=task_rank(job.rank, order=len(work), is_express=False),
        needs=tuple(task.id for task in work),
        weight=_PACKAGE_COST_S,
    )
    proofs = [
        _prove(job, stretch, package.id, new_id)
        for stretch in stretches.cut(job.plan.duration_s, job.plan.grid)
    ]
    return (*work, package, *proofs)


def _pictures(job: Expansion, grid: Grid, new_id: Callable[[], TaskId]) -> list[NewTask]:
    """Make the tasks of all rungs: what is copied in one, what is encoded by chunks."""
    copied = [rung for rung in job.plan.rungs if rung.name == job.plan.copied_rung]
    encoded = tuple(
        rung for rung in job.plan.rungs if rung not in copied and rung.name not in job.lent
    )
    tasks = [_copy(job, grid, rung, new_id) for rung in copied]
    if encoded:
        tasks += [_encode(job, grid, chunk, encoded, new_id) for chunk in job.plan.chunks]
    return tasks


def _copy(job: Expansion, grid: Grid, rung: RungPlan, new_id: Callable[[], TaskId]) -> NewTask:
    whole = ChunkPlan(index=0, first_frame=0, end_frame=grid.n_frames)
    return NewTask(
        id=new_id(),
        params=CopyParams(work=encode_params(job, grid, whole, (rung,))),
        queue=QueueName.ENCODE_CPU,
        rank=task_rank(job.rank, order=0, is_express=True),
        # A viewer waits for it, whatever rung he will see first.
        is_express=True,
        weight=_PROBE_COST_S,
        parts=(rung.name,),
        # All of it once more, and as much again should it have to be encoded after all.
        scratch_bytes=2 * job.source.size_bytes + job.plan.scratch_bytes,
    )


def _prove(
    job: Expansion, stretch: Stretch, package: TaskId, new_id: Callable[[], TaskId]
) -> NewTask:
    return NewTask(
        id=new_id(),
        params=ProveParams(source=job.source, facts=job.facts, plan=job.plan, stretch=stretch),
        queue=QueueName.PROVE,
        rank=task_rank(job.rank, order=stretch.index, is_express=False),
        needs=(package,),
        chunk=stretch.index,
        is_background=True,
        # Nothing of the job's progress: it is done before.
        weight=0.0,
        scratch_bytes=stretches.scratch_bytes(job.plan, stretch),
    )


def analyze_task(job: Expansion, found: ProbeResult, *, new_id: Callable[[], TaskId]) -> NewTask:
    """Make the task that tells which rungs are worth making, before anything is encoded.

    The job's plan must be of a picture.
    """
    if job.plan.grid is None:
        raise ValueError("a job without a picture has no rungs to choose from")
    work = encode_params(job, job.plan.grid, job.plan.chunks[0], job.plan.rungs)
    return NewTask(
        id=new_id(),
        # What is laid over the pictures says nothing of them.
        params=AnalyzeParams(work=work.model_copy(update={"watermark": None}), found=found),
        queue=QueueName.ENCODE_CPU,
        rank=task_rank(job.rank, order=0, is_express=True),
        is_express=True,
        weight=_PROBE_COST_S,
        scratch_bytes=job.plan.scratch_bytes,
    )


def _mux(job: Expansion, work: Sequence[NewTask], new_id: Callable[[], TaskId]) -> NewTask:
    """Make the task of the file to download, after everything else that names files."""
    return NewTask(
        id=new_id(),
        params=MuxParams(asset_id=job.source.asset_id),
        queue=QueueName.PACKAGE,
        rank=task_rank(job.rank, order=len(work), is_express=False),
        needs=tuple(task.id for task in work),
        weight=_PACKAGE_COST_S,
        # Its tracks, the file, and the file once more while the index moves to its front.
        scratch_bytes=3 * job.plan.estimated_bytes,
    )


def _thumbnails(job: Expansion, new_id: Callable[[], TaskId]) -> NewTask:
    return NewTask(
        id=new_id(),
        params=ThumbnailsParams(
            source=job.source,
            facts=job.facts,
            count=job.plan.thumbnail_count,
            storyboard_interval_s=job.plan.storyboard_interval_s,
        ),
        queue=QueueName.THUMBNAILS,
        rank=task_rank(job.rank, order=1, is_express=False),
        weight=_PACKAGE_COST_S + float(job.plan.duration_s) * _THUMBNAILS_COST_PER_S,
    )


def _extract_subtitles(job: Expansion, new_id: Callable[[], TaskId]) -> NewTask:
    segment_s = job.plan.segment_s
    return NewTask(
        id=new_id(),
        params=ExtractSubtitlesParams(
            source=job.source,
            subtitles=job.plan.subtitles,
            # Text is small: many short files cost more than they hold.
            segment_s=segment_s * max(1, _TEXT_SEGMENT_S // segment_s),
            zero_s=zero_s(job.facts, job.plan.grid),
            skipped_s=job.facts.skipped_s or Fraction(0),
            duration_s=job.plan.duration_s,
        ),
        queue=QueueName.THUMBNAILS,
        rank=task_rank(job.rank, order=0, is_express=False),
        weight=_PACKAGE_COST_S,
        scratch_bytes=2**20 * len(job.plan.subtitles),
    )


def _encode(
    job: Expansion,
    grid: Grid,
    chunk: ChunkPlan,
    rungs: tuple[RungPlan, ...],
    new_id: Callable[[], TaskId],
) -> NewTask:
    share = (chunk.end_frame - chunk.first_frame) / grid.n_frames
    is_first = chunk.index == 0
    return NewTask(
        id=new_id(),
        params=encode_params(job, grid, chunk, rungs),
        queue=job.encode_queue,
        rank=task_rank(job.rank, order=chunk.index, is_express=is_first),
        chunk=chunk.index,
        is_express=is_first,
        is_build_pinned=True,
        weight=job.plan.estimated_cpu_s * share,
        parts=tuple(rung.name for rung in rungs),
        scratch_bytes=job.plan.scratch_bytes,
    )


def encode_params(
    job: Expansion, grid: Grid, chunk: ChunkPlan, rungs: tuple[RungPlan, ...]
) -> EncodeParams:
    """Tell an encode task what to make."""
    return EncodeParams(
        source=job.source,
        facts=job.facts,
        grid=grid,
        rungs=rungs,
        chunk=chunk,
        preset=job.plan.preset,
        deinterlace=job.plan.deinterlace,
        watermark=job.plan.watermark,
        on_damage=job.plan.on_damage,
        is_encrypted=job.plan.is_encrypted,
    )


def _encode_audio(job: Expansion, audio: AudioPlan, new_id: Callable[[], TaskId]) -> NewTask:
    return NewTask(
        id=new_id(),
        params=EncodeAudioParams(
            source=job.source,
            facts=job.facts,
            audio=audio,
            segment_s=job.plan.segment_s,
            is_encrypted=job.plan.is_encrypted,
            zero_s=zero_s(job.facts, job.plan.grid),
            on_damage=job.plan.on_damage,
        ),
        queue=QueueName.ENCODE_CPU,
        # A viewer waits for the sound that is heard first, not for the others.
        rank=task_rank(job.rank, order=0, is_express=audio.is_default),
        is_express=audio.is_default,
        weight=_PROBE_COST_S + float(job.plan.duration_s) * _AUDIO_COST_PER_S,
        parts=(audio.name,),
        scratch_bytes=int(job.plan.duration_s * audio.bitrate_bps / 8) + 2**20,
    )
