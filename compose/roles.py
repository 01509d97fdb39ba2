"""The roles of the distributed form, each a process of its own until it is asked to stop."""

import atexit
import sys
from collections.abc import Sequence
from contextlib import closing

import structlog
from flask import Flask

from api.serving import serve_gunicorn
from compose.configuration import require_distributed, require_guarded, require_secret
from compose.entrance import serving_door
from compose.http import application
from compose.scheduler import Scheduler
from compose.stopping import asked_to_stop
from compose.up import House
from pipeline.bootstrap import build
from pipeline.settings import Settings
from pipeline.telemetry import setup_logging
from schemas.vocabulary import QueueName
from workers.app import WorkerProcess

#: How soon a stop or the end of a drain is noticed.
_LOOK_S = 0.2

log = structlog.get_logger(__name__)


def run_house(settings: Settings) -> None:
    """Run everything in this process: the embedded form."""
    setup_logging(settings)
    house = House(settings)
    with asked_to_stop() as stopping:
        house.start()
        # Not by the log: whoever reads that need not be whoever may log in.
        sys.stdout.write(f"Log in once at {house.login_link}\n")
        sys.stdout.flush()
        stopping.wait()
        log.info("house.stopping")
        house.stop()


def run_api(settings: Settings) -> None:
    """Serve HTTP; gunicorn takes the signals and ends the process."""
    require_distributed(settings)
    require_guarded(settings, is_shared=True)
    require_secret(settings)
    setup_logging(settings)
    # Once here, so that a service that is away is one clear line and not a restart loop.
    build(settings).close()

    def factory() -> Flask:
        pipeline = build(settings)
        # gunicorn's worker process ends by itself, and knows nothing of our connections.
        atexit.register(pipeline.close)
        return application(pipeline)

    serve_gunicorn(factory, settings)


def run_ingest(settings: Settings) -> None:
    """Take publishers, and hand out what they send, to workers and to viewers of FLV."""
    require_distributed(settings)
    require_guarded(settings, is_shared=True)
    require_secret(settings)
    setup_logging(settings)
    with asked_to_stop() as stopping, serving_door(settings) as port:
        log.info("ingest.up", rtmp_port=port)
        stopping.wait()
        log.info("ingest.stopping")


def run_worker(settings: Settings, queues: Sequence[QueueName], slots: int) -> None:
    """Work on the named queues; tasks are handed back on the way out."""
    require_distributed(settings)
    if QueueName.LIVE in queues:
        # It shows doors that it is of the house.
        require_secret(settings)
    setup_logging(settings)
    with asked_to_stop() as stopping, closing(build(settings)) as pipeline:
        worker = WorkerProcess(pipeline, queues, slots, name=None)
        worker.start()
        # A drained worker has nothing left to do here.
        while not stopping.is_set() and not worker.wait(_LOOK_S):
            pass
        log.info("worker.stopping")
        worker.stop()


def run_scheduler(settings: Settings) -> None:
    """Relay, sweep, clean up and send what webhooks wait for."""
    require_distributed(settings)
    require_secret(settings)
    setup_logging(settings)
    with asked_to_stop() as stopping, closing(build(settings)) as pipeline:
        scheduler = Scheduler(pipeline)
        scheduler.start()
        stopping.wait()
        log.info("scheduler.stopping")
        scheduler.stop()
