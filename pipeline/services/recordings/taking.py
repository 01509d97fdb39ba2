"""What follows once all that a publisher sent is one file: it is the asset's source from then on.

Where viewers got all of it, their segments stay and only stills, playlists and proofs are made.
Where they did not, another job makes everything anew and takes over when it is ready: what was
served is never replaced.
"""

from pipeline.core import keys
from pipeline.core.argv.mux import DOWNLOAD_NAME, DOWNLOAD_TYPE
from pipeline.core.first_tasks import probe_task
from pipeline.core.lifecycle import JOB_ENDED
from pipeline.core.recording import finishing
from pipeline.core.recording.finishing import Recorded
from pipeline.core.recording.spans import Span
from pipeline.database.port import Transaction
from pipeline.database.rows import JobRow, TaskRow
from pipeline.services import assets, jobs
from pipeline.services.ids import new_task_id
from pipeline.services.jobs import Terms
from pipeline.services.recordings.rescuing import MAX_ATTEMPTS, MAX_LOST
from schemas.media import MediaWarning
from schemas.plan import MediaPlan
from schemas.recording import RecordResult
from schemas.tasks import ProveParams
from schemas.vocabulary import JobId

#: How long the pieces stay once they are put together: a door may be about to note its last.
_SPOOL_STAYS_S = 600.0


def take_in(tx: Transaction, task: TaskRow, result: RecordResult) -> bool:
    """Say of the asset what its source is, and go on; tell whether the job does."""
    job = jobs.need(tx, task.job_id)
    _keep_source(tx, task, result)
    _offer(tx, job, job.id, result.key)
    tx.garbage.add(keys.spool_prefix(job.asset_id), delay_s=_SPOOL_STAYS_S)
    if not task.is_background:
        return _probe(tx, job)
    if result.faults or job.plan is None:
        _make_anew(tx, job, result)
    else:
        _finish(tx, job, job.plan, result)
    return True


def _keep_source(tx: Transaction, task: TaskRow, result: RecordResult) -> None:
    """Take the file as the source, unless another job was first: then its file counts."""
    asset = assets.need(tx, task.asset_id, is_held=True)
    if asset.sha256:
        return
    tx.assets.set_source(
        asset.id,
        key=result.key,
        size_bytes=result.size_bytes,
        sha256=result.sha256,
        filename="",
    )
    warnings = tuple(MediaWarning(code="recording.remade", detail=fault) for fault in result.faults)
    facts = result.facts.model_copy(update={"warnings": (*result.facts.warnings, *warnings)})
    tx.assets.set_facts(asset.id, facts)


def _offer(tx: Transaction, job: JobRow, to: JobId, key: str) -> None:
    """Let it be downloaded as it was sent, unless that would give away what is encrypted."""
    if job.profile.encryption is not None:
        return
    tx.media.add_files(job.asset_id, to, {key: DOWNLOAD_TYPE})
    tx.jobs.set_files(to, {**tx.jobs.files(to), DOWNLOAD_NAME: key})


def _probe(tx: Transaction, job: JobRow) -> bool:
    """Go on as a job does whose source has just been fetched."""
    if job.state in JOB_ENDED:
        return False
    source = jobs.source_of(assets.need(tx, job.asset_id))
    probe = probe_task(source, rank=job.rank, new_id=new_task_id)
    tx.tasks.add(job, source.sha256, [probe])
    tx.outbox.add([probe.id])
    return True


def _make_anew(tx: Transaction, job: JobRow, result: RecordResult) -> None:
    terms = Terms(MAX_ATTEMPTS, MAX_LOST, job.priority, job.metadata)
    asset = assets.need(tx, job.asset_id)
    made = jobs.begin_in(tx, asset, job.profile, terms, must_be_able=False)
    _offer(tx, job, made, result.key)


def _finish(tx: Transaction, job: JobRow, plan: MediaPlan, result: RecordResult) -> None:
    runs = tuple(Span(*run) for run in result.runs)
    recorded = Recorded(
        source=jobs.source_of(assets.need(tx, job.asset_id)),
        facts=result.facts,
        plan=finishing.planned(plan, result.facts, runs),
        runs=runs,
        rank=job.rank,
    )
    made = finishing.tasks(recorded, new_id=new_task_id)
    tx.jobs.plan(job.id, recorded.plan)
    tx.tasks.add(job, recorded.source.sha256, made)
    tx.outbox.add([task.id for task in made if not task.needs])
    n_proofs = sum(isinstance(task.params, ProveParams) for task in made)
    tx.certificates.add(job.id, job.asset_id, n_proofs)
