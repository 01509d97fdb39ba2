"""The tasks a job begins with: what brings the source where there is none yet, then the probe."""

from collections.abc import Callable

from pipeline.core.graph import NewTask
from pipeline.core.ranks import task_rank
from schemas.fetching import FetchParams
from schemas.recording import RecordParams
from schemas.tasks import ProbeParams, SourceRef
from schemas.vocabulary import QueueName, TaskId

#: Expected cost, in the seconds that ``MediaPlan.estimated_cpu_s`` counts.
_PROBE_COST_S = 0.5
_FETCH_COST_S = 1.0


def fetch_task(params: FetchParams, *, rank: float, new_id: Callable[[], TaskId]) -> NewTask:
    """Make the task before all others of a job whose source is not ready.

    It needs no scratch space: the bytes go straight into storage.
    """
    return NewTask(
        id=new_id(),
        params=params,
        queue=QueueName.FETCH,
        rank=task_rank(rank, order=0, is_express=True),
        is_express=True,
        weight=_FETCH_COST_S,
    )


def record_task(
    params: RecordParams,
    *,
    rank: float,
    new_id: Callable[[], TaskId],
    needs: tuple[TaskId, ...] = (),
    is_background: bool = False,
) -> NewTask:
    """Make the task that puts together what a publisher sent.

    Args:
        params: which broadcast.
        rank: the job's.
        new_id: names it.
        needs: the live task, where the job is the broadcast's own.
        is_background: the job ends without it.
    """
    return NewTask(
        id=new_id(),
        params=params,
        queue=QueueName.RECORD,
        rank=task_rank(rank, order=0, is_express=not is_background),
        needs=needs,
        is_express=not is_background,
        is_background=is_background,
        weight=0.0 if is_background else _FETCH_COST_S,
    )


def probe_task(source: SourceRef, *, rank: float, new_id: Callable[[], TaskId]) -> NewTask:
    """Make the task that finds out what the source is."""
    return NewTask(
        id=new_id(),
        params=ProbeParams(source=source),
        queue=QueueName.PROBE,
        rank=task_rank(rank, order=0, is_express=True),
        is_express=True,
        weight=_PROBE_COST_S,
    )
