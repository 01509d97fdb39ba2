"""Jobs that end while something of them is under way, on both databases."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine, text

from pipeline.broker.memory import MemoryDoorbell
from pipeline.core.errors import NotFound, Stopped
from pipeline.database.port import Database
from pipeline.database.rows import Wanted
from pipeline.database.sql import SqlDatabase
from pipeline.services import assets, endings, jobs, tasks
from pipeline.services.sweep import Sweeper
from schemas.events import EventType
from schemas.http import JobView
from schemas.idle import IdleResult
from schemas.media import Damage
from schemas.tasks import EncodeAudioParams, EncodeParams, EncodeResult
from schemas.vocabulary import AssetState, JobState, QueueName, TaskState, WorkerId
from tests.support import engine
from tests.support.engine import must_claim
from tests.support.waiting import wait_until

WANTED = Wanted(WorkerId("w1"), QueueName.PROBE, engine.BUILD, 2**40, ())


def planned(database: Database) -> JobView:
    job = engine.submit(database)
    engine.finish(database, must_claim(database, QueueName.PROBE))
    return job


def asset_state(database: Database, job: JobView) -> AssetState:
    return assets.show(database, job.asset_id).state


def test_sound_alone_makes_nothing_playable(database: Database) -> None:
    job = planned(database)
    claimed = [must_claim(database, QueueName.ENCODE_CPU) for _ in range(3)]
    later = [c for c in claimed if isinstance(c.params, EncodeParams) and c.params.chunk.index]
    engine.finish(database, later[0])

    for sound in claimed:
        if isinstance(sound.params, EncodeAudioParams):
            engine.publish_audio(database, sound, sound.params)

    assert asset_state(database, job) is AssetState.PROCESSING


def test_one_job_makes_an_asset_ready_though_another_ended_badly(database: Database) -> None:
    good = engine.submit(database)
    bad = engine.submit(database, asset_id=good.asset_id)
    jobs.cancel(database, bad.id)

    engine.run_to_end(database)

    assert jobs.show(database, good.id).state is JobState.SUCCEEDED
    assert asset_state(database, good) is AssetState.READY


def test_damage_is_summed_up_and_told(database: Database) -> None:
    job = planned(database)
    hurt = Damage(medium="video", n_concealed=2, n_missing=1, spans_s=((1, 2),), affected_s=1)
    last_id = jobs.show(database, job.id).last_event_id
    for _ in range(2):
        claimed = must_claim(database, QueueName.ENCODE_CPU)
        while not isinstance(claimed.params, EncodeParams):
            engine.finish(database, claimed)
            claimed = must_claim(database, QueueName.ENCODE_CPU)
        result = engine.result_for(claimed)
        assert isinstance(result, EncodeResult)
        damaged = result.model_copy(update={"damage": hurt})
        tasks.finish(database, claimed.task_id, claimed.epoch, damaged)

    engine.run_to_end(database)

    shown, asset = jobs.show(database, job.id), assets.show(database, job.asset_id)
    assert asset.state is AssetState.READY
    for warnings in (shown.warnings, asset.warnings):
        assert warnings[0].code == "media.concealed"
        assert warnings[0].damage is not None
        assert (warnings[0].damage.n_concealed, warnings[0].damage.n_missing) == (4, 2)
        assert warnings[0].damage.affected_s == 2
    with database.write() as tx:
        tx.events.number(1000)
        told = [event.type for event in tx.events.after(last_id, 1000, job.id)]
    assert told.count(EventType.ASSET_DAMAGED) == 2


def test_an_ended_playlist_grows_no_more(database: Database) -> None:
    job = planned(database)
    sound = next(
        claimed
        for claimed in iter(lambda: must_claim(database, QueueName.ENCODE_CPU), None)
        if isinstance(claimed.params, EncodeAudioParams)
    )
    jobs.cancel(database, job.id)

    assert isinstance(sound.params, EncodeAudioParams)
    with pytest.raises(Stopped):
        engine.publish_audio(database, sound, sound.params)

    with database.read() as tx:
        assert tx.media.counts(job.id) == {}


class _Silent:
    """A broker nobody listens to."""

    def depth(self, queue: QueueName) -> int:
        del queue
        return 0


def test_a_task_of_an_ended_job_does_not_stop_the_sweeper(database: Database) -> None:
    """Whatever brought it there: one row must not keep all others from being looked after."""
    orphan = engine.submit(database, max_lost=1)
    assert engine.claim(database, QueueName.PROBE, lease_s=-2.0)
    with database.write() as tx:
        tx.jobs.move(orphan.id, (JobState.RUNNING,), JobState.CANCELLED)
    other = engine.submit(database)
    assert engine.claim(database, QueueName.PROBE, lease_s=-1.0)

    report = Sweeper(database, _Silent(), lease_s=0.0).tick()  # type: ignore[arg-type]

    assert report.n_expired == 2
    assert jobs.show(database, orphan.id).state is JobState.CANCELLED
    assert jobs.show(database, other.id).tasks[0].state is TaskState.READY


def test_a_probe_of_an_ended_job_makes_no_work(database: Database) -> None:
    job = engine.submit(database)
    claimed = must_claim(database, QueueName.PROBE)
    with database.write() as tx:
        tx.jobs.move(job.id, (JobState.RUNNING,), JobState.CANCELLED)

    engine.finish(database, claimed)

    assert len(jobs.show(database, job.id).tasks) == 1


class _Beside:
    """A call in another thread that is expected to wait for a lock."""

    def __init__(self, url: str, call: Callable[[], object]) -> None:
        self._engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(call,))
        self._thread.start()

    def _run(self, call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as exc:  # noqa: BLE001  # told to the test
            self.error = exc

    def wait_until_blocked(self) -> None:
        wait_until(self._is_blocked)

    def _is_blocked(self) -> bool:
        query = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with self._engine.connect() as connection:
            return bool(connection.execute(query).scalar_one())

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()
        self._engine.dispose()


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[SqlDatabase]:
    opened = SqlDatabase(postgres_database)
    opened.migrate()
    yield opened
    opened.close()


def test_a_cancel_reaches_what_is_just_being_claimed(
    postgres: SqlDatabase, postgres_database: str
) -> None:
    job = engine.submit(postgres)

    with postgres.write() as tx:
        claimed = tx.tasks.claim(WANTED, 12.0)
        assert claimed is not None
        cancel = _Beside(postgres_database, lambda: jobs.cancel(postgres, job.id))
        cancel.wait_until_blocked()
    cancel.join()

    with postgres.read() as tx:
        task = tx.tasks.get(claimed.id)
    assert task is not None
    assert task.is_cancel_requested


def test_a_cancel_reaches_what_a_finishing_probe_makes(
    postgres: SqlDatabase, postgres_database: str
) -> None:
    job = engine.submit(postgres)
    probe = must_claim(postgres, QueueName.PROBE)

    with postgres.write() as tx:
        assert tx.tasks.holds(probe.task_id, probe.epoch)
        finish = _Beside(postgres_database, lambda: engine.finish(postgres, probe))
        finish.wait_until_blocked()
        cancel = _Beside(postgres_database, lambda: jobs.cancel(postgres, job.id))
    finish.join()
    cancel.join()

    states = {task.state for task in jobs.show(postgres, job.id).tasks}
    assert states <= {TaskState.SUCCEEDED, TaskState.CANCELLED}


def test_a_cancel_does_not_wait_for_the_broker(
    postgres: SqlDatabase, postgres_database: str
) -> None:
    """The relay holds the rings it publishes; a broker that hangs must hold up nobody else."""
    job = engine.submit(postgres)

    with postgres.write() as tx:
        assert tx.outbox.due(10)
        cancel = _Beside(postgres_database, lambda: jobs.cancel(postgres, job.id))
        cancel.join()

    assert cancel.error is None
    assert jobs.show(postgres, job.id).state is JobState.CANCELLED


def test_a_job_for_an_asset_being_deleted_is_refused(
    postgres: SqlDatabase, postgres_database: str
) -> None:
    asset_id = engine.add_asset(postgres)

    with postgres.write() as tx:
        assert tx.assets.delete(asset_id)
        submit = _Beside(postgres_database, lambda: engine.submit(postgres, asset_id=asset_id))
        submit.wait_until_blocked()
    submit.join()

    assert isinstance(submit.error, NotFound)


def test_of_two_last_tasks_the_later_commit_ends_the_job(database: Database) -> None:
    """Each sees the other unfinished inside its transaction; a look after the commit decides."""
    job_id = engine.submit_idle(database, 2)
    first = must_claim(database, QueueName.ENCODE_CPU)
    second = must_claim(database, QueueName.ENCODE_CPU)

    with database.write() as tx:
        task = tx.tasks.succeed(first.task_id, first.epoch, {"kind": "idle"})
        assert task is not None
        assert endings.succeed(tx, task, IdleResult()), "no second look asked for"
    assert not endings.settle(database, job_id)
    engine.finish(database, second)

    assert jobs.show(database, job_id).state is JobState.SUCCEEDED


def test_a_worker_that_dies_before_its_second_look_leaves_it_to_the_sweeper(
    database: Database,
) -> None:
    job_id = engine.submit_idle(database, 2)
    claimed = [must_claim(database, QueueName.ENCODE_CPU) for _ in range(2)]
    for each in claimed:
        with database.write() as tx:
            tx.tasks.succeed(each.task_id, each.epoch, {"kind": "idle"})
    assert jobs.show(database, job_id).state is JobState.RUNNING

    Sweeper(database, MemoryDoorbell(), lease_s=12).tick()

    assert jobs.show(database, job_id).state is JobState.SUCCEEDED
