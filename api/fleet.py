"""``/api/queues`` and ``/api/workers``: what operators see and switch."""

from flask import Blueprint, Response

from api.bodies import answer, nothing
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import NotFound
from pipeline.services import fleet
from schemas.vocabulary import QueueName, WorkerId
from schemas.workers import QueueList, QueueView, WorkerList


def fleet_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("fleet", __name__, url_prefix="/api")
    database = pipeline.database

    @blueprint.get("/queues")
    def queues() -> Response:
        return answer(QueueList(items=fleet.queues(database)))

    @blueprint.post("/queues/<name>/pause")
    def pause(name: str) -> Response:
        return answer(_switched(pipeline, _queue(name), is_paused=True))

    @blueprint.post("/queues/<name>/resume")
    def resume(name: str) -> Response:
        return answer(_switched(pipeline, _queue(name), is_paused=False))

    @blueprint.get("/workers")
    def workers() -> Response:
        return answer(WorkerList(items=fleet.workers(database)))

    @blueprint.post("/workers/<id:worker_id>/drain")
    def drain(worker_id: WorkerId) -> Response:
        fleet.drain(database, worker_id)
        return nothing()

    return blueprint


def _queue(name: str) -> QueueName:
    try:
        return QueueName(name)
    except ValueError:
        raise NotFound(f"There is no queue {name[:40]!r}.", code="queue.not_found") from None


def _switched(pipeline: Pipeline, queue: QueueName, *, is_paused: bool) -> QueueView:
    fleet.pause(pipeline.database, queue, is_paused=is_paused)
    return next(view for view in fleet.queues(pipeline.database) if view.name is queue)
