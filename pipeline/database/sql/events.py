"""State changes as rows."""

from sqlalchemy import Connection, delete, select

from pipeline.database.sql.columns import now_s, utc
from pipeline.database.sql.tables import event, event_number
from schemas.events import Event, EventType
from schemas.vocabulary import JobId


class SqlEvents:
    """See ``rowsets.EventRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def after(self, last_id: int, limit: int, job_id: JobId | None) -> list[Event]:
        query = select(event).where(event.c.id > last_id).order_by(event.c.id).limit(limit)
        if job_id is not None:
            query = query.where(event.c.job_id == job_id)
        return [
            Event(
                id=row.id,
                type=EventType(row.type),
                at=utc(row.at),
                asset_id=row.asset_id,
                job_id=row.job_id,
                task_id=row.task_id,
                data=row.data,
            )
            for row in self._connection.execute(query)
        ]

    def newest_id(self) -> int:
        newest: int = self._connection.execute(select(event_number.c.last)).scalar_one()
        return newest

    def trim(self, older_than_s: float, limit: int) -> int:
        old = select(event.c.id).where(event.c.at < now_s() - older_than_s)
        # Oldest first: what is left must have no holes.
        old = old.order_by(event.c.id).limit(limit)
        gone = self._connection.execute(delete(event).where(event.c.id.in_(old)))
        return gone.rowcount
