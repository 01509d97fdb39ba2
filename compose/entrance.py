"""The RTMP door as part of a process of ours."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from threading import Thread

import structlog

from api.serving import serve_embedded
from compose import folder
from compose.http import application
from ingest.rtmp.door import Door
from pipeline.bootstrap import build
from pipeline.core.errors import Refused
from pipeline.settings import Settings

log = structlog.get_logger(__name__)


def open_door(door: Door, settings: Settings, url: str) -> int:
    """Open the door of an all-in-one process; return its port, 0 where it stays shut.

    A port that is taken, and that nobody asked for, is a warning: what has it may be another
    house on this box, and everything but live streams works without. One that was asked for by
    name is an error.

    Raises:
        Refused: ``rtmp.bind``, the port was set and cannot be had.
        InvalidRequest: ``rtmp.certificate``.
    """
    try:
        door.start(settings.ingest_url or url)
    except Refused as error:
        if "rtmp_port" in settings.model_fields_set or settings.rtmps_port:
            raise
        log.warning("door.shut", reason=error.detail, remedy=error.remedy)
        return 0
    return door.port


@contextmanager
def serving_door(settings: Settings) -> Iterator[int]:
    """Run a door with its HTTP in this process; yield the port publishers come to.

    Raises:
        Conflict: another process has the spool.
        Refused: a port is taken.
        InvalidRequest: ``rtmp.certificate``.
    """
    with ExitStack() as opening:
        opening.enter_context(folder.held(settings.resolved_spool_dir))
        pipeline = opening.enter_context(closing(build(settings)))
        door = Door(pipeline)
        server = serve_embedded(
            application(pipeline, door=door), settings.ingest_http_host, settings.ingest_http_port
        )
        thread = Thread(target=server.serve_forever, name="http", daemon=True)
        opening.callback(thread.join)
        opening.callback(server.server_close)
        opening.callback(server.shutdown)
        thread.start()
        opening.callback(door.stop)
        door.start(settings.ingest_url or server.url)
        yield door.port
