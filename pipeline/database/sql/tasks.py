"""Tasks as rows: the statements that decide who works on what."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Update,
    bindparam,
    insert,
    literal,
    select,
    update,
)

from pipeline.core.graph import NewTask
from pipeline.database.rows import ClaimedRow, ErrorJson, NewJob, TaskRow, Wanted
from pipeline.database.sql.claim import DEEP_WINDOW, claim_statement, claim_values
from pipeline.database.sql.columns import now_s
from pipeline.database.sql.tables import task, task_dep
from pipeline.database.sql.task_groups import SqlTaskGroups
from pipeline.database.sql.task_rows import DETAIL, inserted, row_of
from schemas.vocabulary import JobId, TaskId, TaskKind, TaskState

_RUNNING = TaskState.RUNNING.value
_WAITING = (TaskState.BLOCKED.value, TaskState.READY.value)

# What every task runs through is built once: building costs more than running it.
_ONE = select(*DETAIL).where(task.c.id == bindparam("wanted_id"))
_SUCCEED = (
    update(task)
    .where(
        task.c.id == bindparam("ended_id"),
        task.c.epoch == bindparam("ended_epoch"),
        task.c.state == literal(_RUNNING),
        task.c.is_cancel_requested.is_(False),
    )
    .values(
        state=TaskState.SUCCEEDED.value,
        result=bindparam("ended_result"),
        fraction=1.0,
        lease_until=None,
        error=None,
    )
    .returning(*DETAIL)
)
_MEET_NEED = (
    update(task)
    .where(
        task.c.id.in_(select(task_dep.c.task_id).where(task_dep.c.needs_id == bindparam("met_id"))),
        task.c.state == TaskState.BLOCKED.value,
    )
    .values(deps_left=task.c.deps_left - 1)
    .returning(task.c.id, task.c.deps_left, task.c.is_background)
)


class SqlTasks(SqlTaskGroups):
    """See ``rowsets.TaskRows``: what concerns one task."""

    def add(self, job: NewJob, sha256: str, tasks: Sequence[NewTask]) -> None:
        now = self._connection.execute(select(now_s())).scalar_one()
        self._connection.execute(insert(task), [inserted(t, job, sha256, now) for t in tasks])
        needs = [{"task_id": t.id, "needs_id": need} for t in tasks for need in t.needs]
        if needs:
            self._connection.execute(insert(task_dep), needs)

    def get(self, task_id: TaskId) -> TaskRow | None:
        row = self._connection.execute(_ONE, {"wanted_id": task_id}).one_or_none()
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
        values = claim_values(wanted, lease_s)
        row = self._connection.execute(claim_statement(), values).one_or_none()
        if row is None:
            values = claim_values(wanted, lease_s, depth=DEEP_WINDOW)
            row = self._connection.execute(claim_statement(), values).one_or_none()
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

    def succeed(self, task_id: TaskId, epoch: int, result: dict[str, Any]) -> TaskRow | None:
        values = {"ended_id": task_id, "ended_epoch": epoch, "ended_result": result}
        row = self._connection.execute(_SUCCEED, values).one_or_none()
        return None if row is None else row_of(row, ())

    def release_dependents(self, task_id: TaskId) -> tuple[list[TaskId], int]:
        rows = self._connection.execute(_MEET_NEED, {"met_id": task_id}).all()
        freed = [row.id for row in rows if row.deps_left == 0]
        if freed:
            self._connection.execute(
                update(task)
                .where(task.c.id.in_(freed))
                .values(state=TaskState.READY.value, run_after=now_s())
            )
        return freed, sum(not row.is_background for row in rows)

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

    @staticmethod
    def _fenced(task_id: TaskId, epoch: int) -> Update:
        return update(task).where(
            task.c.id == task_id, task.c.epoch == epoch, task.c.state == literal(_RUNNING)
        )

    def _changed(self, change: Update) -> bool:
        return self._connection.execute(change).rowcount == 1
