"""The doctor's round: each check on its own, so that one failure hides no other."""

import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

from pydantic import SecretStr

from compose.doctor.broker import consumer_timeout
from compose.doctor.report import Check, Finding, Report, note, ok
from compose.doctor.storage import try_storage
from compose.doctor.tools import encoders, ffmpeg, ffprobe, isolation
from pipeline.bootstrap import Pipeline, build
from pipeline.core.errors import ReelmillError
from pipeline.settings import Settings

#: Below this an encode of an ordinary film no longer fits.
LOW_DISK_BYTES = 5 * 2**30


def examine(settings: Settings) -> Report:
    """Make every check. Sets the database's schema up to date and leaves nothing else behind."""
    rounds: dict[str, Callable[[Settings], Check]] = {
        "versions": _versions,
        "ffmpeg": ffmpeg,
        "ffprobe": ffprobe,
        "encoders": encoders,
        "isolation": isolation,
        "database": _database,
        "broker": _broker,
        "consumer timeout": consumer_timeout,
        "events": _events,
        "storage": _storage,
        "disk": _disk,
    }
    return Report(checks=tuple(_one(name, check, settings) for name, check in rounds.items()))


def _one(name: str, check: Callable[[Settings], Check], settings: Settings) -> Check:
    try:
        return check(settings)
    except ReelmillError as error:
        return Check(
            name=name,
            finding=Finding.FAILED,
            detail=error.detail,
            code=error.instance_code,
            remedy=error.remedy,
        )


def _versions(_settings: Settings) -> Check:
    return ok("versions", f"reelmill {version('reelmill')}, Python {platform.python_version()}")


def _database(settings: Settings) -> Check:
    is_embedded = not settings.database_url.get_secret_value()
    if is_embedded and not (settings.data_dir / "reelmill.db").exists():
        return ok("database", f"SQLite, will be made in {settings.data_dir}")
    with closing(build(settings)) as pipeline:
        pipeline.database.check()
    kind = settings.resolved_database_url.split(":", 1)[0].split("+", 1)[0]
    return ok("database", f"{kind}, answers, schema up to date")


def _broker(settings: Settings) -> Check:
    if not settings.broker_url.get_secret_value():
        return ok("broker", "in memory, for one process")
    with _without_database(settings) as pipeline:
        pipeline.broker.check()
    return ok("broker", f"RabbitMQ, answers, {settings.broker_queue_type} queues")


def _events(settings: Settings) -> Check:
    if not settings.redis_url.get_secret_value():
        return ok("events", "in memory, for one process")
    with _without_database(settings) as pipeline:
        pipeline.bus.check()
    return ok("events", "Redis, answers")


def _storage(settings: Settings) -> Check:
    with _without_database(settings) as pipeline:
        n_operations = try_storage(pipeline.storage)
    where = f"S3 at {settings.s3_endpoint}" if settings.s3_endpoint else "a folder"
    return ok("storage", f"{where}, {n_operations} operations as they must be")


def _disk(settings: Settings) -> Check:
    folder = _nearest(settings.resolved_scratch_dir)
    free_bytes = shutil.disk_usage(folder).free
    detail = f"{free_bytes / 1e9:.1f} GB free for work in progress, on {folder}"
    if free_bytes < LOW_DISK_BYTES:
        return note("disk", detail, "Free some, or set REELMILL_SCRATCH_DIR to a larger disk.")
    return ok("disk", detail)


def _nearest(folder: Path) -> Path:
    folder = folder.absolute()
    return folder if folder.exists() else _nearest(folder.parent)


@contextmanager
def _without_database(settings: Settings) -> Iterator[Pipeline]:
    """Build the ports with a database that cannot fail, so that the others are seen."""
    with tempfile.TemporaryDirectory() as folder:
        database_url = SecretStr(f"sqlite:///{folder}/doctor.db")
        with closing(build(settings.model_copy(update={"database_url": database_url}))) as ports:
            yield ports
