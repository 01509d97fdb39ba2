"""Tasks as rows: leases renewed and run out."""

from collections.abc import Sequence

from sqlalchemy import CTE, Connection, String, case, column, select, tuple_, update, values
from sqlalchemy import Float as SqlFloat
from sqlalchemy import Integer as SqlInteger

from pipeline.database.sql.columns import JsonColumn, now_s
from pipeline.database.sql.tables import task
from schemas.vocabulary import TaskId, TaskState
from schemas.workers import Pulse

_RUNNING = TaskState.RUNNING.value
#: Stands for the fraction of a task that has not reported yet.
_UNKNOWN = -1.0


class SqlLeases:
    """See ``rowsets.TaskRows``: what concerns many leases at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def expired(self, limit: int) -> list[tuple[TaskId, int]]:
        rows = self._connection.execute(
            select(task.c.id, task.c.epoch)
            .where(task.c.state == _RUNNING, task.c.lease_until < now_s())
            .order_by(task.c.lease_until)
            .limit(limit)
        )
        return [(row.id, row.epoch) for row in rows]

    def renew(self, pulses: Sequence[Pulse], lease_s: float) -> dict[TaskId, bool]:
        if not pulses:
            return {}
        beat = _beat(pulses)
        # Who changes a task right now is not waited for: one cancel must not cost a box all
        # its other leases. The next beat renews it, and until then its lock keeps it.
        free = (
            select(task.c.id)
            .where(task.c.id.in_([p.task_id for p in pulses]))
            .with_for_update(skip_locked=True)
        )
        # Before the first report the names of the parts stay as they were planned.
        is_known = beat.c.fraction != _UNKNOWN
        rows = self._connection.execute(
            update(task)
            .where(task.c.id == beat.c.id, task.c.epoch == beat.c.epoch)
            .where(task.c.state == _RUNNING, task.c.id.in_(free))
            .values(
                lease_until=now_s() + lease_s,
                progress=case((is_known, beat.c.progress), else_=task.c.progress),
                fraction=case((is_known, beat.c.fraction), else_=task.c.fraction),
            )
            .returning(task.c.id, task.c.is_cancel_requested)
        )
        renewed = {row.id: row.is_cancel_requested for row in rows}
        return renewed | self._standing([p for p in pulses if p.task_id not in renewed])

    def _standing(self, pulses: Sequence[Pulse]) -> dict[TaskId, bool]:
        if not pulses:
            return {}
        rows = self._connection.execute(
            select(task.c.id, task.c.is_cancel_requested).where(
                tuple_(task.c.id, task.c.epoch).in_([(p.task_id, p.epoch) for p in pulses]),
                task.c.state == _RUNNING,
            )
        )
        return {row.id: row.is_cancel_requested for row in rows}


def _beat(pulses: Sequence[Pulse]) -> CTE:
    return (
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


def _mean(progress: dict[str, float]) -> float:
    return sum(progress.values()) / len(progress) if progress else _UNKNOWN
