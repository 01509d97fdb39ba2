"""A plan as the exact command lines its tasks will run, for ``dry_run`` and ``reelmill plan``."""

from collections.abc import Iterator

from pipeline.core.argv import encoders
from pipeline.core.argv.audio import audio_argv
from pipeline.core.argv.encode import chunk_argv
from pipeline.core.chunks import zero_s
from schemas.media import MediaFacts
from schemas.plan import ChunkPlan, Grid, MediaPlan, PlannedCommand
from schemas.tasks import EncodeAudioParams, EncodeParams, SourceRef
from schemas.vocabulary import AssetId, QueueName

#: Stands for the local copy of the source, whose name only the worker knows.
_SOURCE = "SOURCE"
_NOWHERE = SourceRef(asset_id=AssetId(""), key="", size_bytes=0, sha256="")


def planned_commands(
    facts: MediaFacts, plan: MediaPlan, *, threads: int = 1
) -> tuple[PlannedCommand, ...]:
    """Write down what each encode task will run on a CPU box; thumbnails are left out."""
    return tuple(_commands(facts, plan, threads))


def _commands(facts: MediaFacts, plan: MediaPlan, threads: int) -> Iterator[PlannedCommand]:
    if plan.grid is not None:
        for chunk in plan.chunks:
            yield _chunk(facts, plan, plan.grid, chunk, threads)
    for audio in plan.audios:
        params = EncodeAudioParams(
            source=_NOWHERE,
            facts=facts,
            audio=audio,
            segment_s=plan.segment_s,
            zero_s=zero_s(facts, plan.grid),
        )
        yield PlannedCommand(
            task=f"encode {audio.name}",
            queue=QueueName.ENCODE_CPU,
            argv=("ffmpeg", *audio_argv(params, source=_SOURCE)),
        )


def _chunk(
    facts: MediaFacts, plan: MediaPlan, grid: Grid, chunk: ChunkPlan, threads: int
) -> PlannedCommand:
    params = EncodeParams(
        source=_NOWHERE,
        facts=facts,
        grid=grid,
        rungs=plan.rungs,
        chunk=chunk,
        preset=plan.preset,
    )
    encoder = encoders.choose(plan.rungs[0].codec, available=encoders.ENCODERS, use_gpu=False)
    return PlannedCommand(
        task=f"encode chunk {chunk.index}",
        queue=QueueName.ENCODE_CPU,
        argv=("ffmpeg", *chunk_argv(params, source=_SOURCE, encoder=encoder, threads=threads)),
    )
