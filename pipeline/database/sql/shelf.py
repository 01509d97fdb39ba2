"""Profiles written over HTTP, as rows."""

from sqlalchemy import Column, Connection, String, Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.database.shelf import Values
from pipeline.database.sql.columns import JsonColumn, Seconds, now_s
from pipeline.database.sql.tables import metadata

profile = Table(
    "profile",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("written", JsonColumn, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("changed_at", Seconds, nullable=False),
)


class SqlProfiles:
    """See ``shelf.ProfileRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> dict[str, Values]:
        rows = self._connection.execute(select(profile.c.name, profile.c.written))
        return {row.name: row.written for row in rows}

    def get(self, name: str) -> Values | None:
        query = select(profile.c.written).where(profile.c.name == name)
        return self._connection.execute(query).scalar_one_or_none()

    def hold(self, name: str) -> Values | None:
        query = select(profile.c.written).where(profile.c.name == name).with_for_update()
        return self._connection.execute(query).scalar_one_or_none()

    def add(self, name: str, values: Values) -> bool:
        dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        added = self._connection.execute(
            dialect.insert(profile)
            .values(name=name, written=dict(values), created_at=now_s(), changed_at=now_s())
            .on_conflict_do_nothing()
            .returning(profile.c.name)
        )
        return added.scalar_one_or_none() is not None

    def replace(self, name: str, values: Values) -> None:
        change = update(profile).where(profile.c.name == name)
        self._connection.execute(change.values(written=dict(values), changed_at=now_s()))

    def delete(self, name: str) -> None:
        self._connection.execute(delete(profile).where(profile.c.name == name))

    def count(self) -> int:
        return self._connection.execute(select(func.count()).select_from(profile)).scalar_one()
