"""The HTTP application: the API with the doors that it carries."""

from functools import partial

from flask import Flask

from api.app import create_app
from api.arriving import Arriving
from api.caching import kept
from api.identity import caller, known, owner
from api.jobs import DRY_RUN_WAIT_S
from api.origins import Origins
from api.sockets.connection import prepare
from api.sockets.routes import check_handshake
from ingest.rtmp import serving
from ingest.rtmp.door import Door
from ingest.tus.door import Host
from ingest.tus.server import tus_blueprint
from pipeline.bootstrap import Pipeline
from pipeline.core.origins import parsed


def application(
    pipeline: Pipeline, *, dry_run_wait_s: float = DRY_RUN_WAIT_S, door: Door | None = None
) -> Flask:
    """Build it over one pipeline, with the RTMP door of this process if it has one."""
    settings = pipeline.settings
    arriving = partial(Arriving, stall_s=settings.upload_stall_s)
    origins = Origins(parsed(settings.cors_origins))
    host = serving.Host(known, check_handshake, origins.check, prepare, kept)
    doors = (
        tus_blueprint(pipeline, Host(caller, owner, arriving)),
        serving.flv_blueprint(pipeline, door, host),
    )
    return create_app(pipeline, dry_run_wait_s=dry_run_wait_s, doors=doors)
