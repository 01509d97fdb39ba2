"""Sources that are fetched: taken in, once they lie in storage."""

from pipeline.core.first_tasks import probe_task
from pipeline.core.lifecycle import JOB_ENDED
from pipeline.database.port import Transaction
from pipeline.database.rows import TaskRow
from pipeline.services import assets, jobs
from pipeline.services.ids import new_task_id
from schemas.fetching import FetchResult


def take_in(tx: Transaction, task: TaskRow, result: FetchResult) -> bool:
    """Say of the asset what its source is, and have it probed; tell whether the job goes on.

    Where another job's fetch was first, its source counts and this one goes.
    """
    asset = assets.need(tx, task.asset_id, is_held=True)
    if not asset.sha256:
        tx.assets.set_source(
            asset.id,
            key=result.key,
            size_bytes=result.size_bytes,
            sha256=result.sha256,
            filename=result.filename,
        )
    elif result.key != asset.source_key:
        tx.garbage.add(result.key, delay_s=0.0)
    job = jobs.need(tx, task.job_id)
    if job.state in JOB_ENDED:
        return False
    source = jobs.source_of(assets.need(tx, task.asset_id))
    probe = probe_task(source, rank=job.rank, new_id=new_task_id)
    tx.tasks.add(job, source.sha256, [probe])
    tx.outbox.add([probe.id])
    return True
