"""The database itself, for commands that must work before anybody can log in."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from compose import configuration
from pipeline.bootstrap import open_database
from pipeline.core.errors import Conflict
from pipeline.database.port import Database


@contextmanager
def opened(data: Path | None) -> Iterator[Database]:
    """Open the database the settings name; a house may be running on it.

    Raises:
        Conflict: the data folder cannot be used.
    """
    settings = configuration.load(data_dir=data)
    is_embedded = not settings.database_url.get_secret_value()
    if is_embedded and not (settings.data_dir / "reelmill.db").exists():
        # In the wrong folder this would go unseen, and the server would know nothing of it.
        sys.stderr.write(f"Making a new data folder: {settings.data_dir.absolute()}\n")
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Conflict(
            f"The data folder {settings.data_dir} cannot be used: {error.strerror}.",
            code="data_dir.unusable",
            remedy="Name a folder that you may write, with --data or REELMILL_DATA_DIR.",
        ) from error
    with closing(open_database(settings)) as database:
        yield database
