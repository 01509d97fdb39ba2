"""The application as it is described, served to nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from compose.http import application
from pipeline.bootstrap import build
from pipeline.settings import Settings


@contextmanager
def described_app(data_dir: Path) -> Iterator[Flask]:
    """Build the application over an embedded pipeline in a folder."""
    pipeline = build(Settings(data_dir=data_dir, _env_file=None))
    yield application(pipeline)
    pipeline.close()
