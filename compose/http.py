"""The HTTP application: the API with the doors that it carries."""

from functools import partial

from flask import Flask

from api.app import create_app
from api.arriving import Arriving
from api.identity import caller, owner
from api.jobs import DRY_RUN_WAIT_S
from ingest.tus.door import Host
from ingest.tus.server import tus_blueprint
from pipeline.bootstrap import Pipeline


def application(pipeline: Pipeline, *, dry_run_wait_s: float = DRY_RUN_WAIT_S) -> Flask:
    """Build it over one pipeline; see ``create_app``."""
    arriving = partial(Arriving, stall_s=pipeline.settings.upload_stall_s)
    doors = (tus_blueprint(pipeline, Host(caller, owner, arriving)),)
    return create_app(pipeline, dry_run_wait_s=dry_run_wait_s, doors=doors)
