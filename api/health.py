"""``/healthz`` (this process runs) and ``/readyz`` (what it needs answers), in bounded time."""

import time
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread

import structlog
from flask import Blueprint, Response

from api.bodies import answer
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import ReelmillError
from schemas.frozen import Frozen

log = structlog.get_logger(__name__)

#: What does not answer within this many seconds counts as away.
PATIENCE_S = 1.5


class Alive(Frozen):
    """The process runs."""

    status: str = "ok"


class CheckView(Frozen):
    """One dependency."""

    is_ok: bool
    took_s: float
    code: str = ""
    detail: str = ""


class ReadinessView(Frozen):
    """All dependencies; ``status`` is ``ok`` or ``unavailable``."""

    status: str
    checks: dict[str, CheckView]


class _Check:
    """One dependency, asked by at most one thread at a time.

    A check that hangs keeps its thread; later questions wait for that same one, so that
    probing a dead service every second cannot pile threads up.
    """

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._lock = Lock()
        self._asking: tuple[Event, list[CheckView]] | None = None

    def start(self) -> tuple[Event, list[CheckView]]:
        with self._lock:
            if self._asking is None or self._asking[0].is_set():
                self._asking = (Event(), [])
                Thread(target=self._run, args=self._asking, name="readyz", daemon=True).start()
            return self._asking

    def _run(self, done: Event, found: list[CheckView]) -> None:
        began = time.monotonic()
        try:
            self._ask()
            found.append(CheckView(is_ok=True, took_s=_since(began)))
        except (ReelmillError, OSError) as error:
            code = error.instance_code if isinstance(error, ReelmillError) else "unavailable"
            found.append(
                CheckView(is_ok=False, took_s=_since(began), code=code, detail=str(error)[:300])
            )
        finally:
            done.set()


def _since(began: float) -> float:
    return round(time.monotonic() - began, 4)


def health_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build both routes over one pipeline."""
    blueprint = Blueprint("health", __name__)
    checks = {
        "database": _Check(pipeline.database.check),
        "storage": _Check(pipeline.storage.check),
        "broker": _Check(pipeline.broker.check),
        "bus": _Check(pipeline.bus.check),
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


def _ask_all(checks: Mapping[str, _Check]) -> dict[str, CheckView]:
    asked = {name: check.start() for name, check in checks.items()}
    deadline = time.monotonic() + PATIENCE_S
    for done, _ in asked.values():
        done.wait(max(0.0, deadline - time.monotonic()))
    return {name: found[0] if found else _silent() for name, (_, found) in asked.items()}


def _silent() -> CheckView:
    detail = f"No answer within {PATIENCE_S} s."
    return CheckView(is_ok=False, took_s=PATIENCE_S, code="unavailable.silent", detail=detail)
