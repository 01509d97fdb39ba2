"""Prefixes whose objects are to go."""

from sqlalchemy import Connection, delete, insert, select, update

from pipeline.database.sql.columns import now_s
from pipeline.database.sql.tables import garbage


class SqlGarbage:
    """See ``rowsets.GarbageRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, prefix: str, *, delay_s: float) -> int:
        row = insert(garbage).values(prefix=prefix, not_before=now_s() + delay_s, n_passes=0)
        garbage_id: int = self._connection.execute(row.returning(garbage.c.id)).scalar_one()
        return garbage_id

    def forget(self, garbage_id: int) -> None:
        self._connection.execute(delete(garbage).where(garbage.c.id == garbage_id))

    def due(self, limit: int, *, patience_s: float) -> list[tuple[int, str, int]]:
        rows = self._connection.execute(
            select(garbage)
            .where(garbage.c.not_before <= now_s() - patience_s)
            .order_by(garbage.c.not_before)
            .limit(limit)
        )
        return [(row.id, row.prefix, row.n_passes) for row in rows]

    def postpone(self, garbage_id: int, *, delay_s: float) -> None:
        self._connection.execute(
            update(garbage)
            .where(garbage.c.id == garbage_id)
            .values(not_before=now_s() + delay_s, n_passes=garbage.c.n_passes + 1)
        )
