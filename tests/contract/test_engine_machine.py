"""Hypothesis drives the services in any order, on both databases, and checks what must hold.

The machine remembers only what a worker would: its claims. Everything else is read back and
checked against the laws: one holder per task, no path out of a final state, no output of a
fenced attempt, jobs that end exactly once, dependents that never run early.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from pipeline.core import lifecycle
from pipeline.core.errors import Conflict, LeaseLost
from pipeline.core.retry import Failure
from pipeline.database.port import Database
from pipeline.database.sql import SqlDatabase
from pipeline.services import jobs, tasks, watching
from pipeline.services.claims import Claimed
from schemas.certificate import CertificateState
from schemas.events import EventType
from schemas.vocabulary import JobId, JobState, QueueName, TaskId, TaskState, WorkerId
from schemas.workers import Pulse
from tests.support import engine

FAILURES = (
    Failure(code="media.damaged", detail="cut off"),
    Failure(code="work.failed", detail="it broke", retryable=True),
    Failure(code="unavailable.storage", detail="no answer", retryable=True),
)
MAX_LOST = 3
OPEN = frozenset({TaskState.BLOCKED, TaskState.READY, TaskState.RUNNING})


class Engine(RuleBasedStateMachine):
    """Submit, claim, heartbeat, finish, fail, expire, cancel, retry, hand back, in any order."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.jobs: list[JobId] = []
        self.held: dict[TaskId, Claimed] = {}
        self.zombies: list[Claimed] = []
        self.epochs: dict[TaskId, int] = {}

    @rule(priority=st.integers(0, 9))
    def submit(self, priority: int) -> None:
        job = engine.submit(self.database, priority=priority, max_lost=MAX_LOST)
        self.jobs.append(job.id)

    @rule(queue=st.sampled_from(list(QueueName)))
    def claim(self, queue: QueueName) -> None:
        self._make_due()
        claimed = engine.claim(self.database, queue)
        if claimed is None:
            return
        assert claimed.task_id not in self.held, "two hold one task"
        assert claimed.epoch > self.epochs.get(claimed.task_id, 0), "the epoch did not rise"
        self.epochs[claimed.task_id] = claimed.epoch
        self.held[claimed.task_id] = claimed

    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        self._end(data, lambda held: engine.finish(self.database, held))

    @rule(data=st.data(), failure=st.sampled_from(FAILURES), jitter=st.floats(0, 1))
    def fail(self, data: st.DataObject, failure: Failure, jitter: float) -> None:
        self._end(
            data,
            lambda held: tasks.fail(
                self.database, held.task_id, held.epoch, failure, jitter=jitter
            ),
        )

    @rule(data=st.data())
    def hand_back(self, data: st.DataObject) -> None:
        self._end(data, lambda held: tasks.hand_back(self.database, held.task_id, held.epoch))

    @rule()
    def heartbeat(self) -> None:
        pulses = [Pulse(task_id=c.task_id, epoch=c.epoch, progress={}) for c in self.held.values()]
        orders = tasks.heartbeat(self.database, WorkerId("w1"), pulses, lease_s=12)
        assert not orders.lost, "a standing lease was lost"
        for task_id in orders.cancelled:
            claimed = self.held.pop(task_id)
            tasks.stopped(self.database, task_id, claimed.epoch)

    @rule()
    def lose_everything(self) -> None:
        tasks.release_all(self.database)
        self.zombies += self.held.values()
        self.held.clear()

    @rule(data=st.data())
    def zombie_speaks(self, data: st.DataObject) -> None:
        if not self.zombies:
            return
        zombie = data.draw(st.sampled_from(self.zombies))
        before = self._segments(zombie.job_id)
        with suppress(LeaseLost):
            engine.finish(self.database, zombie)
            state = self._state(zombie.task_id)
            assert state is TaskState.CANCELLED, "a zombie finished"
        assert self._segments(zombie.job_id) == before

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if self.jobs:
            with suppress(Conflict):
                jobs.cancel(self.database, data.draw(st.sampled_from(self.jobs)))

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        if self.jobs:
            with suppress(Conflict):
                jobs.retry(self.database, data.draw(st.sampled_from(self.jobs)))

    @invariant()
    def laws_hold(self) -> None:
        for job_id in getattr(self, "jobs", ()):
            self._check(jobs.show(self.database, job_id))

    def _check(self, job: jobs.JobView) -> None:
        states = {task.id: task.state for task in job.tasks}
        foreground = [task for task in job.tasks if not task.is_background]
        for task in job.tasks:
            if task.state not in {TaskState.BLOCKED, TaskState.CANCELLED}:
                assert all(states[need] is TaskState.SUCCEEDED for need in task.needs)
            assert task.lost_count <= MAX_LOST
            assert 0 <= task.attempt <= task.max_attempts
        if job.state in lifecycle.JOB_ENDED:
            counted = job.tasks if job.state is not JobState.SUCCEEDED else foreground
            left = {task.state for task in counted} & OPEN - {TaskState.RUNNING}
            assert not left, "an ended job has work left"
        ends = {task.state for task in foreground}
        assert (job.state is JobState.SUCCEEDED) == (ends == {TaskState.SUCCEEDED})
        self._check_certificate(job)

    def _check_certificate(self, job: jobs.JobView) -> None:
        """It is decided exactly when every proof has ended, and passed if each went well."""
        with self.database.read() as tx:
            row = tx.certificates.get(job.id)
        if row is None or job.state is not JobState.SUCCEEDED:
            assert row is None or row.state is CertificateState.PENDING
            return
        ends = {task.state for task in job.tasks if task.is_background}
        if ends & OPEN:
            assert row.state is CertificateState.PENDING
        elif ends == {TaskState.SUCCEEDED}:
            assert row.state is CertificateState.PASSED
        else:
            assert row.state is CertificateState.FAILED

    def teardown(self) -> None:
        if not hasattr(self, "jobs"):
            return
        tasks.release_all(self.database)
        for _ in range(200):
            self._make_due()
            if not engine.run_to_end(self.database):
                break
        for job_id in self.jobs:
            assert jobs.show(self.database, job_id).state in lifecycle.JOB_ENDED, "a job is stuck"
        self._check_endings()

    def _check_endings(self) -> None:
        events = watching.events_after(self.database, 0, limit=100_000)
        assert (
            [e.id for e in events] == list(range(events[0].id, events[0].id + len(events)))
            if (events)
            else True
        )
        ready = Counter(e.job_id for e in events if e.type is EventType.JOB_SUCCEEDED)
        assert all(count == 1 for count in ready.values())

    def _end(self, data: st.DataObject, call: Callable[[Claimed], None]) -> None:
        if not self.held:
            return
        task_id = data.draw(st.sampled_from(sorted(self.held)))
        call(self.held.pop(task_id))

    def _make_due(self) -> None:
        from sqlalchemy import update

        from pipeline.database.sql.tables import task

        with self.database.write() as tx:
            tx._connection.execute(update(task).values(run_after=0.0))  # type: ignore[attr-defined]

    def _segments(self, job_id: JobId) -> dict[str, int]:
        with self.database.read() as tx:
            return tx.media.counts(job_id)

    def _state(self, task_id: TaskId) -> TaskState | None:
        with self.database.read() as tx:
            task = tx.tasks.get(task_id)
        return None if task is None else task.state


def _run(open_database: Callable[[], Database], examples: int) -> None:
    opened: list[Database] = []

    class Fresh(Engine):
        def __init__(self) -> None:
            super().__init__()
            self.database = open_database()
            opened.append(self.database)

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                opened.pop().close()

    run_state_machine_as_test(
        Fresh,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    """Opens an empty migrated database at each call."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_database")

    def open_one() -> Database:
        if url is None:
            opened = SqlDatabase(f"sqlite:///{tempfile.mkstemp(dir=tmp_path)[1]}")
        else:
            opened = SqlDatabase(url)
        opened.migrate()
        if url is not None:
            _empty(opened)
        return opened

    return open_one


def _empty(opened: SqlDatabase) -> None:
    from sqlalchemy import delete, update

    from pipeline.database.sql import tables

    with opened.write() as tx:
        for table in (tables.asset, tables.outbox, tables.event, tables.garbage):
            tx._connection.execute(delete(table))
        tx._connection.execute(update(tables.event_number).values(last=0))


def test_the_laws_hold_in_any_order(fresh: Callable[[], Database]) -> None:
    _run(fresh, examples=12)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_laws_hold_in_any_order_for_long(fresh: Callable[[], Database]) -> None:
    _run(fresh, examples=1000)
