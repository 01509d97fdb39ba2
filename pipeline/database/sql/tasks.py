"""Tasks as rows: the statements that decide who works on what."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    String,
    Update,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    update,
    values,
)
from sqlalchemy import Float as SqlFloat
from sqlalchemy import Integer as SqlInteger

from pipeline.core.graph import NewTask
from pipeline.database.rows import ClaimedRow, ErrorJson, NewJob, TaskRow, Wanted
from pipeline.database.sql.claim import claim_statement
from pipeline.database.sql.columns import JsonColumn, now_s
from pipeline.database.sql.tables import job, outbox, task, task_dep
from pipeline.database.sql.task_rows import DETAIL, inserted, row_of
from schemas.vocabulary import JobId, QueueName, TaskId, TaskKind, TaskState, WorkerId
from schemas.workers import Pulse

_RUNNING = TaskState.RUNNING.value
_WAITING = (TaskState.BLOCKED.value, TaskState.READY.value)


class SqlTasks:
    """See ``port.TaskRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, job: NewJob, sha256: str, tasks: Sequence[NewTask]) -> None:
        now = self._connection.execute(select(now_s())).scalar_one()
        self._connection.execute(insert(task), [inserted(t, job, sha256, now) for t in tasks])
        needs = [{"task_id": t.id, "needs_id": need} for t in tasks for need in t.needs]
        if needs:
            self._connection.execute(insert(task_dep), needs)

    def get(self, task_id: TaskId) -> TaskRow | None:
        row = self._connection.execute(select(*DETAIL).where(task.c.id == task_id)).one_or_none()
        return None if row is None else row_of(row, ())

    def of_job(self, job_id: JobId) -> list[TaskRow]:
        needs: dict[str, list[TaskId]] = {}
        edges = select(task_dep).join(task, task.c.id == task_dep.c.task_id)
        for edge in self._connection.execute(edges.where(task.c.job_id == job_id)):
            needs.setdefault(edge.task_id, []).append(edge.needs_id)
        rows = self._connection.execute(
            select(*DETAIL).where(task.c.job_id == job_id).order_by(task.c.rank, task.c.id)
        )
        return [row_of(row, tuple(sorted(needs.get(row.id, ())))) for row in rows]

    def claim(self, wanted: Wanted, lease_s: float) -> ClaimedRow | None:
        row = self._connection.execute(claim_statement(wanted, lease_s)).one_or_none()
        if row is None:
            return None
        return ClaimedRow(
            id=row.id,
            job_id=row.job_id,
            asset_id=row.asset_id,
            kind=TaskKind(row.kind),
            epoch=row.epoch,
            attempt=row.attempt,
            is_build_pinned=row.is_build_pinned,
            scratch_bytes=row.scratch_bytes,
            params=row.params,
        )

    def renew(
        self, worker_id: WorkerId, pulses: Sequence[Pulse], lease_s: float
    ) -> dict[TaskId, bool]:
        del worker_id
        if not pulses:
            return {}
        beat = (
            values(
                column("id", String),
                column("epoch", SqlInteger),
                column("progress", JsonColumn),
                column("fraction", SqlFloat),
                name="beat",
            )
            .data([(p.task_id, p.epoch, p.progress, _mean(p.progress)) for p in pulses])
            .cte("beat")
        )
        rows = self._connection.execute(
            update(task)
            .where(
                task.c.id == beat.c.id,
                task.c.epoch == beat.c.epoch,
                task.c.state == _RUNNING,
            )
            .values(
                lease_until=now_s() + lease_s,
                progress=beat.c.progress,
                fraction=beat.c.fraction,
            )
            .returning(task.c.id, task.c.is_cancel_requested)
        )
        return {row.id: row.is_cancel_requested for row in rows}

    def holds(self, task_id: TaskId, epoch: int) -> bool:
        return (
            self._connection.execute(
                select(task.c.id)
                .where(task.c.id == task_id, task.c.epoch == epoch, task.c.state == _RUNNING)
                .with_for_update()
            ).one_or_none()
            is not None
        )

    def holds_expired(self, task_id: TaskId, epoch: int) -> bool:
        return (
            self._connection.execute(
                select(task.c.id)
                .where(task.c.id == task_id, task.c.epoch == epoch, task.c.state == _RUNNING)
                .where(task.c.lease_until < now_s())
                .with_for_update(skip_locked=True)
            ).one_or_none()
            is not None
        )

    def succeed(self, task_id: TaskId, epoch: int, result: dict[str, Any]) -> bool:
        change = self._fenced(task_id, epoch).where(task.c.is_cancel_requested.is_(False))
        return self._changed(
            change.values(
                state=TaskState.SUCCEEDED.value,
                result=result,
                fraction=1.0,
                lease_until=None,
                error=None,
            )
        )

    def release_dependents(self, task_id: TaskId) -> list[TaskId]:
        dependents = select(task_dep.c.task_id).where(task_dep.c.needs_id == task_id)
        rows = self._connection.execute(
            update(task)
            .where(task.c.id.in_(dependents), task.c.state == TaskState.BLOCKED.value)
            .values(deps_left=task.c.deps_left - 1)
            .returning(task.c.id, task.c.deps_left)
        ).all()
        freed = [row.id for row in rows if row.deps_left == 0]
        if freed:
            self._connection.execute(
                update(task)
                .where(task.c.id.in_(freed))
                .values(state=TaskState.READY.value, run_after=now_s())
            )
        return freed

    def back_to_ready(
        self,
        task_id: TaskId,
        epoch: int,
        *,
        delay_s: float,
        error: ErrorJson | None,
        returned_attempt: bool,
        lost: int = 0,
        faults: int = 0,
    ) -> bool:
        return self._changed(
            self._fenced(task_id, epoch).values(
                state=TaskState.READY.value,
                run_after=now_s() + delay_s,
                lease_until=None,
                attempt=task.c.attempt - int(returned_attempt),
                lost_count=task.c.lost_count + lost,
                fault_count=task.c.fault_count + faults,
                fraction=0.0,
                error=error,
            )
        )

    def end(
        self,
        task_id: TaskId,
        epoch: int,
        state: TaskState,
        error: ErrorJson | None,
        *,
        lost: int = 0,
    ) -> bool:
        return self._changed(
            self._fenced(task_id, epoch).values(
                state=state.value,
                error=error,
                lease_until=None,
                lost_count=task.c.lost_count + lost,
            )
        )

    def cancel_of_job(self, job_id: JobId) -> list[TaskId]:
        # Running ones first: waiting for a finishing probe's lock here lets the second
        # statement see the tasks it made.
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
        self._connection.execute(delete(outbox).where(outbox.c.task_id.in_(cancelled)))
        return cancelled

    def reopen(self, job_id: JobId) -> list[TaskId]:
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
        self._connection.execute(
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

    def expired(self, limit: int) -> list[tuple[TaskId, int]]:
        rows = self._connection.execute(
            select(task.c.id, task.c.epoch)
            .where(task.c.state == _RUNNING, task.c.lease_until < now_s())
            .order_by(task.c.lease_until)
            .limit(limit)
        )
        return [(row.id, row.epoch) for row in rows]

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
        self._connection.execute(delete(outbox).where(outbox.c.task_id.in_(moved)))
        return [row.id for row in rows if row.state == TaskState.READY.value]

    def strand_builds(self, live_builds: Sequence[str]) -> int:
        waiting = (
            select(task.c.job_id)
            .where(task.c.state == TaskState.READY.value, task.c.is_build_pinned)
            .where(task.c.job_id == job.c.id)
            .exists()
        )
        changed = self._connection.execute(
            update(job)
            .where(job.c.encoder_build.is_not(None), job.c.encoder_build.not_in(live_builds))
            .where(waiting)
            .values(encoder_build=None)
        )
        return changed.rowcount

    @staticmethod
    def _fenced(task_id: TaskId, epoch: int) -> Update:
        return update(task).where(
            task.c.id == task_id, task.c.epoch == epoch, task.c.state == literal(_RUNNING)
        )

    def _changed(self, change: Update) -> bool:
        return self._connection.execute(change).rowcount == 1


def _mean(progress: dict[str, float]) -> float:
    return sum(progress.values()) / len(progress) if progress else 0.0
