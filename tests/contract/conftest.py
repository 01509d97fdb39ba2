"""The database port on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.database.port import Database
from pipeline.database.sql import SqlDatabase


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'reelmill.db'}"
    else:
        url = request.getfixturevalue("postgres_database")
    opened = SqlDatabase(url)
    opened.migrate()
    yield opened
    opened.close()
