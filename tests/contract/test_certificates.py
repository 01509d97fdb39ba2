"""Background work after a job's end, and the certificate it makes, on both databases."""

import pytest

from pipeline.broker.memory import MemoryDoorbell
from pipeline.core.errors import Conflict, LeaseLost, NotFound
from pipeline.core.retry import Failure
from pipeline.database.port import Database
from pipeline.services import assets, jobs, tasks, watching
from pipeline.services.claims import Claimed
from pipeline.services.sweep import Sweeper
from schemas.certificate import CertificateState, Flaw, Point, PointName, Verdict
from schemas.events import EventType
from schemas.http import JobView
from schemas.tasks import ProveParams, ProveResult
from schemas.vocabulary import AssetState, JobState, QueueName, TaskState
from tests.support import engine
from tests.support.engine import must_claim

BROKEN = Failure(code="work.crashed", detail="it broke", remedy="Look.", retryable=True)
WRONG = Point(
    name=PointName.PICTURES,
    rendition="360p",
    verdict=Verdict.FAILED,
    n_flaws=1,
    flaws=(Flaw(rendition="360p", segment=3, at_s=12.0, detail="another picture"),),
)


def ready(database: Database, *, duration_s: int = 30) -> JobView:
    """Work a job to its end and leave its proofs."""
    job = engine.submit(database, max_attempts=2)
    probe = must_claim(database, QueueName.PROBE)
    result = engine.result_for(probe).model_copy(update={"facts": engine.facts(duration_s)})
    tasks.finish(database, probe.task_id, probe.epoch, result)
    for queue in (QueueName.THUMBNAILS, QueueName.ENCODE_CPU, QueueName.PACKAGE):
        while engine._finish_one(database, queue):
            pass
    return jobs.show(database, job.id)


def events(database: Database, job: JobView) -> list[EventType]:
    return [event.type for event in watching.events_after(database, 0, job_id=job.id)]


def prove(database: Database, claimed: Claimed, point: Point = engine.PROVEN) -> None:
    assert isinstance(claimed.params, ProveParams)
    result = ProveResult(stretch=claimed.params.stretch, points=(point,), cpu_s=2.0)
    tasks.finish(database, claimed.task_id, claimed.epoch, result)


def test_a_job_ends_before_its_proof(database: Database) -> None:
    job = ready(database)

    assert job.state is JobState.SUCCEEDED
    assert job.progress == 1.0
    assert job.eta_s is None
    assert [task.state for task in job.tasks if task.is_background] == [TaskState.READY]
    shown = assets.show(database, job.asset_id)
    assert (shown.state, shown.certificate) == (AssetState.READY, CertificateState.PENDING)
    assert assets.certificate(database, job.asset_id).state is CertificateState.PENDING


def test_there_is_no_certificate_before_the_asset_is_ready(database: Database) -> None:
    job = engine.submit(database)
    engine.finish(database, must_claim(database, QueueName.PROBE))

    with pytest.raises(NotFound) as caught:
        assets.certificate(database, job.asset_id)

    assert caught.value.instance_code == "certificate.not_found"
    assert assets.show(database, job.asset_id).certificate is None


def test_proofs_weigh_nothing_in_a_jobs_progress(database: Database) -> None:
    job = engine.submit(database)
    engine.finish(database, must_claim(database, QueueName.PROBE))
    for queue in (QueueName.THUMBNAILS, QueueName.ENCODE_CPU):
        while engine._finish_one(database, queue):
            pass

    assert jobs.show(database, job.id).progress > 0.9
    assert jobs.page(database, cursor=None, limit=1).items[0].progress > 0.9


def test_the_last_stretch_decides(database: Database) -> None:
    job = ready(database, duration_s=750)
    first, second, third = (must_claim(database, QueueName.PROVE) for _ in range(3))

    prove(database, second)
    prove(database, first)
    assert assets.certificate(database, job.asset_id).n_proven == 2
    assert assets.show(database, job.asset_id).certificate is CertificateState.PENDING
    prove(database, third)

    shown = assets.certificate(database, job.asset_id)
    assert (shown.state, shown.cpu_s) == (CertificateState.PASSED, 6.0)
    assert [point.name for point in shown.points] == [PointName.FRAMES]
    assert EventType.CERTIFICATE_PASSED in events(database, job)


def test_a_point_that_fails_fails_the_certificate_and_nothing_else(database: Database) -> None:
    job = ready(database)

    prove(database, must_claim(database, QueueName.PROVE), WRONG)

    shown = assets.certificate(database, job.asset_id)
    assert shown.state is CertificateState.FAILED
    assert shown.error is not None
    assert shown.error.code == "certificate.failed"
    assert shown.points == (WRONG,)
    assert jobs.show(database, job.id).state is JobState.SUCCEEDED
    assert assets.show(database, job.asset_id).state is AssetState.READY
    assert events(database, job)[-1] is EventType.CERTIFICATE_FAILED


def test_a_proof_that_cannot_be_made_is_tried_again_and_then_says_so(database: Database) -> None:
    job = ready(database)

    for _ in range(2):
        with database.write() as tx:
            _make_due(tx)
        claimed = must_claim(database, QueueName.PROVE)
        tasks.fail(database, claimed.task_id, claimed.epoch, BROKEN, jitter=0.0)

    shown = assets.certificate(database, job.asset_id)
    assert shown.state is CertificateState.FAILED
    assert shown.error is not None
    assert shown.error.code == "certificate.unproven"
    assert jobs.show(database, job.id).state is JobState.SUCCEEDED
    assert assets.show(database, job.asset_id).error is None


def test_a_proof_that_loses_its_worker_for_good_fails_the_certificate_alone(
    database: Database,
) -> None:
    job = ready(database)
    for _ in range(3):
        with database.write() as tx:
            _make_due(tx)
        must_claim(database, QueueName.PROVE)
        tasks.release_all(database)

    assert assets.show(database, job.asset_id).certificate is CertificateState.FAILED
    assert jobs.show(database, job.id).state is JobState.SUCCEEDED


def test_an_ended_job_cannot_be_cancelled_or_retried_for_its_proof(database: Database) -> None:
    job = ready(database)

    with pytest.raises(Conflict):
        jobs.cancel(database, job.id)
    with pytest.raises(Conflict):
        jobs.retry(database, job.id)
    Sweeper(database, MemoryDoorbell(), lease_s=0.0).tick()

    prove(database, must_claim(database, QueueName.PROVE))
    assert assets.show(database, job.asset_id).certificate is CertificateState.PASSED


def test_a_cancelled_job_is_not_proven_until_it_is_tried_again(database: Database) -> None:
    job = engine.submit(database)
    engine.finish(database, must_claim(database, QueueName.PROBE))
    jobs.cancel(database, job.id)
    states = {task.state for task in jobs.show(database, job.id).tasks if task.is_background}
    assert states == {TaskState.CANCELLED}

    jobs.retry(database, job.id)
    engine.run_to_end(database)

    assert assets.show(database, job.asset_id).certificate is CertificateState.PASSED


def test_the_proof_of_a_deleted_asset_ends_quietly(database: Database) -> None:
    job = ready(database)
    claimed = must_claim(database, QueueName.PROVE)

    assets.delete(database, job.asset_id)

    with pytest.raises(LeaseLost):
        prove(database, claimed)
    with pytest.raises(NotFound):
        assets.certificate(database, job.asset_id)


def _make_due(tx: object) -> None:
    from sqlalchemy import update

    from pipeline.database.sql.tables import task

    tx._connection.execute(update(task).values(run_after=0.0))  # type: ignore[attr-defined]
