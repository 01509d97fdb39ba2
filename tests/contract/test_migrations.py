"""The history leads to exactly the tables the code speaks of, on both databases."""

import threading
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Index

from pipeline.database.sql import SqlDatabase
from pipeline.database.sql.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'reelmill.db'}"
    return str(request.getfixturevalue("postgres_database"))


def test_the_history_builds_the_tables(url: str) -> None:
    database = SqlDatabase(url)
    database.migrate()

    with database._engine.connect() as connection:
        is_there = partial(is_for, connection.dialect.name)
        opts = {"compare_type": True, "include_object": is_there}
        context = MigrationContext.configure(connection, opts=opts)
        differences = compare_metadata(context, metadata)

    database.close()
    assert differences == []


def is_for(dialect: str, item: object, *_: object) -> bool:
    """Pass over an index that the other database alone has."""
    is_special = isinstance(item, Index) and item.dialect_kwargs.get("postgresql_using")
    return dialect == "postgresql" or not is_special


def test_processes_that_start_together_migrate_once(url: str) -> None:
    databases = [SqlDatabase(url) for _ in range(4)]
    failures: list[BaseException] = []

    def migrate(database: SqlDatabase) -> None:
        try:
            database.migrate()
        except BaseException as exc:  # noqa: BLE001  # told by the assertion below
            failures.append(exc)

    threads = [threading.Thread(target=migrate, args=(each,)) for each in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with databases[0].read() as tx:
        assert tx.events.newest_id() == 0
    for each in databases:
        each.close()

    assert failures == []
