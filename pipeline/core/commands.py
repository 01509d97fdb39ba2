"""A plan as the exact command lines its tasks will run, for ``dry_run`` and ``reelmill plan``."""

from collections.abc import Iterator

from pipeline.core.argv import encoders
from pipeline.core.argv.audio import audio_argv
from pipeline.core.argv.copying import copy_argv
from pipeline.core.argv.encode import chunk_argv
from pipeline.core.graph import Expansion, expand
from schemas.media import MediaFacts
from schemas.plan import MediaPlan, PlannedCommand
from schemas.tasks import CopyParams, EncodeAudioParams, EncodeParams, SourceRef, TaskParams
from schemas.vocabulary import AssetId, QueueName, TaskId

#: Stands for the local copy of the source, whose name only the worker knows.
_SOURCE = "SOURCE"
_NOWHERE = SourceRef(asset_id=AssetId(""), key="", size_bytes=0, sha256="")


def planned_commands(
    facts: MediaFacts, plan: MediaPlan, *, threads: int = 1
) -> tuple[PlannedCommand, ...]:
    """Write down what each encode task will run on a CPU box; the small tasks are left out."""
    job = Expansion(
        source=_NOWHERE, facts=facts, plan=plan, rank=0.0, encode_queue=QueueName.ENCODE_CPU
    )
    tasks = expand(job, new_id=lambda: TaskId(""))
    return tuple(command for task in tasks for command in _commands(task.params, threads))


def _commands(params: TaskParams, threads: int) -> Iterator[PlannedCommand]:
    match params:
        case EncodeParams():
            encoder = encoders.choose(
                params.rungs[0].codec, available=encoders.ENCODERS, use_gpu=False
            )
            argv = chunk_argv(params, source=_SOURCE, encoder=encoder, threads=threads)
            yield _command(f"encode chunk {params.chunk.index}", argv)
        case CopyParams():
            argv = copy_argv(params.work, source=_SOURCE)
            yield _command(f"copy {params.work.rungs[0].name}", argv)
        case EncodeAudioParams():
            yield _command(f"encode {params.audio.name}", audio_argv(params, source=_SOURCE))
        case _:
            pass


def _command(task: str, argv: list[str]) -> PlannedCommand:
    return PlannedCommand(task=task, queue=QueueName.ENCODE_CPU, argv=("ffmpeg", *argv))
