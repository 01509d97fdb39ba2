"""The database port on both engines, the storage port in both forms."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.database.port import Database
from pipeline.database.sql import SqlDatabase
from pipeline.storage.directory import DirectoryStore
from pipeline.storage.port import ObjectStore
from pipeline.storage.s3 import S3Store


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


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "directory":
        return DirectoryStore(tmp_path / "objects")
    address = request.getfixturevalue("s3")
    return S3Store(
        endpoint=address.endpoint,
        access_key=address.access_key,
        secret_key=address.secret_key,
        bucket=address.bucket,
        region="us-east-1",
        secure=address.secure,
    )
