"""State changes as rows, numbered after their commit.

A number given out inside the transaction could be read late: 7 before 6. Numbering what has
committed, under one lock, makes numbers rise in an order no reader can miss anything in, and
the transactions that emit events need not wait for each other.
"""

from sqlalchemy import Connection, delete, func, select, update

from pipeline.database.sql.columns import now_s, utc
from pipeline.database.sql.tables import event, event_number
from schemas.events import Event, EventType
from schemas.vocabulary import JobId

_UNNUMBERED = event.c.number.is_(None)


class SqlEvents:
    """See ``rowsets.EventRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def has_unnumbered(self) -> bool:
        found = self._connection.execute(select(event.c.seq).where(_UNNUMBERED).limit(1))
        return found.one_or_none() is not None

    def number(self, limit: int) -> int:
        # The lock comes first: what the next statement sees is committed, and nobody else
        # gives out the same numbers.
        last: int = self._connection.execute(
            update(event_number).values(last=event_number.c.last).returning(event_number.c.last)
        ).scalar_one()
        place = func.row_number().over(order_by=event.c.seq).label("place")
        fresh = select(event.c.seq, place).where(_UNNUMBERED).order_by(event.c.seq)
        batch = fresh.limit(limit).cte("batch")
        numbered = self._connection.execute(
            update(event)
            .where(event.c.seq == batch.c.seq)
            .values(number=last + batch.c.place)
            .returning(event.c.seq)
        ).all()
        self._connection.execute(update(event_number).values(last=last + len(numbered)))
        return len(numbered)

    def after(self, last_id: int, limit: int, job_id: JobId | None) -> list[Event]:
        query = select(event).where(event.c.number > last_id).order_by(event.c.number)
        if job_id is not None:
            query = query.where(event.c.job_id == job_id)
        return [
            Event(
                id=row.number,
                type=EventType(row.type),
                at=utc(row.at),
                asset_id=row.asset_id,
                job_id=row.job_id,
                task_id=row.task_id,
                data=row.data,
            )
            for row in self._connection.execute(query.limit(limit))
        ]

    def newest_id(self) -> int:
        newest: int = self._connection.execute(select(event_number.c.last)).scalar_one()
        return newest

    def trim(self, older_than_s: float, limit: int) -> int:
        old = select(event.c.seq).where(event.c.at < now_s() - older_than_s, ~_UNNUMBERED)
        # Oldest first: what is left must have no holes.
        old = old.order_by(event.c.number).limit(limit)
        gone = self._connection.execute(delete(event).where(event.c.seq.in_(old)))
        return gone.rowcount
