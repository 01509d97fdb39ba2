"""``/healthz`` (this process runs) and ``/readyz`` (what it needs answers), in bounded time."""

from collections.abc import Mapping

from flask import Blueprint, Response

from api.bodies import answer
from api.checks import PATIENCE_S, Check, CheckView
from pipeline.bootstrap import Pipeline
from schemas.frozen import Frozen


class Alive(Frozen):
    """The process runs."""

    status: str = "ok"


class ReadinessView(Frozen):
    """All dependencies; ``status`` is ``ok`` or ``unavailable``."""

    status: str
    checks: dict[str, CheckView]


def health_blueprint(pipeline: Pipeline, database: Check) -> Blueprint:
    """Build both routes over one pipeline."""
    blueprint = Blueprint("health", __name__)
    checks = {
        "database": database,
        "storage": Check(pipeline.storage.check),
        "broker": Check(pipeline.broker.check),
        "bus": Check(pipeline.bus.check),
    }

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return answer(Alive())

    @blueprint.get("/readyz")
    def readyz() -> Response:
        found = _ask_all(checks)
        is_ready = all(check.is_ok for check in found.values())
        view = ReadinessView(status="ok" if is_ready else "unavailable", checks=found)
        return answer(view, 200 if is_ready else 503)

    return blueprint


def _ask_all(checks: Mapping[str, Check]) -> dict[str, CheckView]:
    asked = {name: check.start() for name, check in checks.items()}
    return {name: wait(PATIENCE_S) for name, wait in asked.items()}
