"""Workers, queue switches and leaders as rows."""

from collections.abc import Sequence

from sqlalchemy import Connection, case, delete, func, insert, or_, select, update

from pipeline.database.rows import QueueRow, WorkerRow
from pipeline.database.sql.columns import now_s, utc
from pipeline.database.sql.tables import lease, queue_control, task, worker
from schemas.vocabulary import QueueName, TaskState, WorkerId
from schemas.workers import Capabilities


class SqlFleet:
    """See ``rowsets.FleetRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def register(
        self,
        worker_id: WorkerId,
        host: str,
        queues: Sequence[QueueName],
        slots: int,
        capabilities: Capabilities,
    ) -> None:
        self._connection.execute(delete(worker).where(worker.c.id == worker_id))
        self._connection.execute(
            insert(worker).values(
                id=worker_id,
                host=host,
                queues=[queue.value for queue in queues],
                slots=slots,
                capabilities=capabilities.model_dump(mode="json"),
                started_at=now_s(),
                last_seen_at=now_s(),
                is_draining=False,
            )
        )

    def touch(self, worker_id: WorkerId) -> bool | None:
        return self._connection.execute(
            update(worker)
            .where(worker.c.id == worker_id)
            .values(last_seen_at=now_s())
            .returning(worker.c.is_draining)
        ).scalar_one_or_none()

    def drain(self, worker_id: WorkerId) -> bool:
        change = update(worker).where(worker.c.id == worker_id).values(is_draining=True)
        return self._connection.execute(change).rowcount == 1

    def leave(self, worker_id: WorkerId) -> None:
        self._connection.execute(delete(worker).where(worker.c.id == worker_id))

    def workers(self) -> list[WorkerRow]:
        silent = (now_s() - worker.c.last_seen_at).label("silent_s")
        rows = self._connection.execute(select(worker, silent).order_by(worker.c.started_at))
        return [
            WorkerRow(
                id=row.id,
                host=row.host,
                queues=tuple(QueueName(queue) for queue in row.queues),
                slots=row.slots,
                capabilities=row.capabilities,
                started_at=utc(row.started_at),
                last_seen_at=utc(row.last_seen_at),
                is_draining=row.is_draining,
                silent_s=row.silent_s,
            )
            for row in rows
        ]

    def forget_silent(self, silent_s: float) -> int:
        gone = delete(worker).where(worker.c.last_seen_at < now_s() - silent_s)
        return self._connection.execute(gone).rowcount

    def queues(self) -> list[QueueRow]:
        is_ready = task.c.state == TaskState.READY.value
        is_due = task.c.run_after <= now_s()
        rows = self._connection.execute(
            select(
                task.c.queue,
                func.sum(case((is_ready & is_due, 1), else_=0)),
                func.sum(case((is_ready & ~is_due, 1), else_=0)),
                func.sum(case((is_ready, 0), else_=1)),
            )
            .where(task.c.state.in_([TaskState.READY.value, TaskState.RUNNING.value]))
            .group_by(task.c.queue)
        )
        counts = {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows}
        paused = set(
            self._connection.execute(
                select(queue_control.c.queue).where(queue_control.c.is_paused)
            ).scalars()
        )
        return [
            QueueRow(queue, *counts.get(queue.value, (0, 0, 0)), queue.value in paused)
            for queue in QueueName
        ]

    def pause(self, queue: QueueName, *, is_paused: bool) -> None:
        self._connection.execute(
            update(queue_control)
            .where(queue_control.c.queue == queue.value)
            .values(is_paused=is_paused)
        )

    def lead(self, name: str, owner: str, ttl_s: float) -> bool:
        free = or_(lease.c.owner == owner, lease.c.until < now_s())
        taken = self._connection.execute(
            update(lease)
            .where(lease.c.name == name, free)
            .values(
                owner=owner,
                until=now_s() + ttl_s,
                epoch=case((lease.c.owner == owner, lease.c.epoch), else_=lease.c.epoch + 1),
            )
        )
        return taken.rowcount == 1

    def resign(self, name: str, owner: str) -> None:
        self._connection.execute(
            update(lease).where(lease.c.name == name, lease.c.owner == owner).values(until=0.0)
        )
