"""Tasks as rows: statements over many of them."""

from collections.abc import Sequence

from sqlalchemy import Select, Update, delete, func, select, update

from pipeline.database.sql.columns import now_s
from pipeline.database.sql.leases import SqlLeases
from pipeline.database.sql.tables import job, outbox, task, task_dep
from schemas.vocabulary import JobId, QueueName, TaskId, TaskState, WorkerId

_RUNNING = TaskState.RUNNING.value
_WAITING = (TaskState.BLOCKED.value, TaskState.READY.value)


class SqlTaskGroups(SqlLeases):
    """See ``rowsets.TaskRows``: what concerns a job, a queue, a worker."""

    def cancel_of_job(self, job_id: JobId) -> list[TaskId]:
        # Whoever claims or ends a task at this moment is waited for, twice: the first time
        # a finishing probe may have made more tasks, which may be claimed already.
        for _ in range(2):
            self._connection.execute(_locking(job_id))
        self._connection.execute(
            update(task)
            .where(task.c.job_id == job_id, task.c.state == _RUNNING)
            .values(is_cancel_requested=True)
        )
        rows = self._connection.execute(
            update(task)
            .where(task.c.job_id == job_id, task.c.state.in_(_WAITING))
            .values(state=TaskState.CANCELLED.value)
            .returning(task.c.id)
        )
        cancelled = [row.id for row in rows]
        self._silence(cancelled)
        return cancelled

    def _silence(self, task_ids: Sequence[TaskId]) -> None:
        """Take back rings, but not those a relay is publishing: it may wait for the broker."""
        free = (
            select(outbox.c.id)
            .where(outbox.c.task_id.in_(task_ids))
            .with_for_update(skip_locked=True)
        )
        self._connection.execute(delete(outbox).where(outbox.c.id.in_(free)))

    def reopen(self, job_id: JobId) -> list[TaskId]:
        self._connection.execute(_reopening(job_id))
        rows = self._connection.execute(
            update(task)
            .where(
                task.c.job_id == job_id,
                task.c.state == TaskState.BLOCKED.value,
                task.c.deps_left == 0,
            )
            .values(state=TaskState.READY.value, run_after=now_s())
            .returning(task.c.id)
        )
        return [row.id for row in rows]

    def running_of(self, job_id: JobId) -> int:
        return self._connection.execute(
            select(func.count())
            .select_from(task)
            .where(task.c.job_id == job_id, task.c.state == _RUNNING)
        ).scalar_one()

    def running_by(self, worker_id: WorkerId | None) -> list[tuple[TaskId, int, WorkerId]]:
        query = select(task.c.id, task.c.epoch, task.c.lease_owner).where(task.c.state == _RUNNING)
        if worker_id is not None:
            query = query.where(task.c.lease_owner == worker_id)
        return [(row.id, row.epoch, row.lease_owner) for row in self._connection.execute(query)]

    def unheard(self, queue: QueueName, limit: int) -> list[TaskId]:
        has_ring = select(outbox.c.id).where(outbox.c.task_id == task.c.id).exists()
        rows = self._connection.execute(
            select(task.c.id)
            .where(
                task.c.queue == queue.value,
                task.c.state == TaskState.READY.value,
                task.c.run_after <= now_s(),
                ~has_ring,
            )
            .order_by(task.c.rank)
            .limit(limit)
        )
        return [row.id for row in rows]

    def move_queue(self, before: QueueName, after: QueueName, job_id: JobId | None) -> list[TaskId]:
        change = (
            update(task)
            .where(task.c.queue == before.value, task.c.state.in_(_WAITING))
            .values(queue=after.value)
            .returning(task.c.id, task.c.state)
        )
        if job_id is not None:
            change = change.where(task.c.job_id == job_id)
        rows = self._connection.execute(change).all()
        moved = [row.id for row in rows]
        self._silence(moved)
        return [row.id for row in rows if row.state == TaskState.READY.value]

    def strand_builds(self, queue: QueueName, live_builds: Sequence[str]) -> int:
        waiting = (
            select(task.c.job_id)
            .where(task.c.queue == queue.value, task.c.state == TaskState.READY.value)
            .where(task.c.is_build_pinned, task.c.job_id == job.c.id)
            .exists()
        )
        changed = self._connection.execute(
            update(job)
            .where(job.c.encoder_build.is_not(None), job.c.encoder_build.not_in(live_builds))
            .where(waiting)
            .values(encoder_build=None)
        )
        return changed.rowcount


def _locking(job_id: JobId) -> Select[tuple[str]]:
    """Lock what is not ended in the graph's order, as whoever ends a task does."""
    return (
        select(task.c.id)
        .where(task.c.job_id == job_id, task.c.state.in_([*_WAITING, _RUNNING]))
        .order_by(task.c.rank, task.c.id)
        .with_for_update()
    )


def _reopening(job_id: JobId) -> Update:
    """Block what failed or was cancelled by as many needs as are still open."""
    needed = task.alias("needed")
    open_needs = (
        select(func.count())
        .select_from(task_dep)
        .join(needed, needed.c.id == task_dep.c.needs_id)
        .where(task_dep.c.task_id == task.c.id, needed.c.state != TaskState.SUCCEEDED.value)
        .correlate(task)
        .scalar_subquery()
    )
    ended = (TaskState.FAILED.value, TaskState.CANCELLED.value)
    return (
        update(task)
        .where(task.c.job_id == job_id, task.c.state.in_(ended))
        .values(
            state=TaskState.BLOCKED.value,
            deps_left=open_needs,
            attempt=0,
            lost_count=0,
            fault_count=0,
            is_cancel_requested=False,
            fraction=0.0,
            error=None,
        )
    )
