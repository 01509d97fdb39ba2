"""Rings waiting for the relay."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from pipeline.database.rows import OutboxRow
from pipeline.database.sql.columns import now_s
from pipeline.database.sql.tables import outbox, task
from schemas.vocabulary import QueueName, TaskId


class SqlOutbox:
    """See ``rowsets.OutboxRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        #: Whether this transaction rang; the relay of this process is woken if so.
        self.has_added = False

    def add(self, task_ids: Sequence[TaskId], *, delay_s: float = 0.0) -> None:
        if not task_ids:
            return
        rings = select(task.c.queue, task.c.id, now_s() + delay_s).where(task.c.id.in_(task_ids))
        self._connection.execute(
            insert(outbox).from_select(
                ["queue", "task_id", "not_before"], rings.order_by(task.c.rank)
            )
        )
        self.has_added = True

    def due(self, limit: int) -> list[OutboxRow]:
        rows = self._connection.execute(
            select(outbox)
            .where(outbox.c.not_before <= now_s())
            .order_by(outbox.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [OutboxRow(row.id, QueueName(row.queue), row.task_id) for row in rows]

    def delete(self, ids: Sequence[int]) -> None:
        if ids:
            self._connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))

    def waiting(self, *, is_due: bool = False) -> dict[QueueName, int]:
        query = select(outbox.c.queue, func.count()).group_by(outbox.c.queue)
        if is_due:
            query = query.where(outbox.c.not_before <= now_s())
        return {QueueName(queue): count for queue, count in self._connection.execute(query)}
