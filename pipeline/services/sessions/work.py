"""The work a broadcast is for."""

from pipeline.core.first_tasks import record_task
from pipeline.core.graph import NewTask
from pipeline.core.live.tasks import live_task
from pipeline.core.ranks import NORMAL_PRIORITY, job_rank
from pipeline.database.port import Transaction
from pipeline.database.rows import NewAsset, NewJob
from pipeline.database.streams import StreamRow
from pipeline.services.ids import new_id, new_task_id
from schemas.events import EventType
from schemas.recording import RecordParams
from schemas.streams import SessionId
from schemas.vocabulary import JobId, TaskId

#: A broadcast lasts for hours: what would be too much for a file is little for it.
_MAX_ATTEMPTS, _MAX_LOST = 20, 100


def begin_live_work(
    tx: Transaction, stream: StreamRow, session_id: SessionId, asset: NewAsset
) -> JobId:
    """Make the job of a broadcast with its tasks, within the transaction that opens it.

    The job ends with the live task; what makes the recording whole is background work.
    """
    active = tx.jobs.active_of(asset.account)
    job = NewJob(
        id=JobId(new_id()),
        asset_id=asset.id,
        account=asset.account,
        profile=stream.profile,
        priority=NORMAL_PRIORITY,
        rank=job_rank(tx.jobs.now(), priority=NORMAL_PRIORITY, active_jobs=active),
        metadata={},
        is_dry_run=False,
        max_attempts=_MAX_ATTEMPTS,
        max_lost=_MAX_LOST,
    )
    live = live_task(asset.id, session_id, stream.profile, rank=job.rank, new_id=new_task_id)
    record = _record(asset, session_id, live.id, job.rank) if stream.is_recorded else ()
    tx.jobs.add(job)
    tx.tasks.add(job, asset.sha256, [live, *record])
    tx.outbox.add([live.id])
    tx.emit(EventType.JOB_SUBMITTED, asset_id=asset.id, job_id=job.id)
    return job.id


def _record(
    asset: NewAsset, session_id: SessionId, live: TaskId, rank: float
) -> tuple[NewTask, ...]:
    """Make the task that looks after the recording; of what is not kept there is none."""
    params = RecordParams(asset_id=asset.id, session_id=session_id)
    made = record_task(params, rank=rank, new_id=new_task_id, needs=(live,), is_background=True)
    return (made,)
