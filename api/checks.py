"""Is a dependency there? Asked so that one which hangs, rather than fails, costs bounded time.

A frozen database server keeps its TCP connections acknowledged: a query on one waits for ever,
whatever the driver's timeouts. So requests ask here first.
"""

import time
from collections.abc import Callable
from threading import Event, Lock, Thread

import structlog

from api.problems import public_detail
from pipeline.core.errors import DatabaseUnavailable, ReelmillError
from schemas.frozen import Frozen

log = structlog.get_logger(__name__)

#: What does not answer within this many seconds counts as away.
PATIENCE_S = 1.2
#: How long one good answer is believed.
_TRUST_S = 1.0


class CheckView(Frozen):
    """What asking one dependency found."""

    is_ok: bool
    took_s: float
    code: str = ""
    detail: str = ""


SILENT = CheckView(
    is_ok=False,
    took_s=PATIENCE_S,
    code="unavailable.silent",
    detail=f"No answer within {PATIENCE_S} s.",
)


class Check:
    """One dependency, asked by at most one thread at a time.

    A question that hangs keeps its thread, and later askers wait for that same one: asking a
    dead service every second cannot pile threads up.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._lock = Lock()
        self._asking: tuple[Event, list[CheckView]] | None = None
        self._asked_at = 0.0

    def start(self) -> Callable[[float], CheckView]:
        """Begin to ask; the returned function waits for the answer.

        It waits until so many seconds after the asking began, whoever began it: only the first
        to ask a silent service waits at all.
        """
        with self._lock:
            if self._asking is None or self._asking[0].is_set():
                self._asking, self._asked_at = (Event(), []), time.monotonic()
                Thread(target=self._run, args=self._asking, name="check", daemon=True).start()
            (done, found), asked_at = self._asking, self._asked_at

        def wait(seconds: float) -> CheckView:
            done.wait(max(0.0, asked_at + seconds - time.monotonic()))
            return found[0] if found else SILENT

        return wait

    def _run(self, done: Event, found: list[CheckView]) -> None:
        began = time.monotonic()
        try:
            self._ask()
            found.append(CheckView(is_ok=True, took_s=_since(began)))
        except ReelmillError as error:
            log.warning("check.failed", code=error.instance_code, detail=error.detail)
            detail = public_detail(error)
            found.append(
                CheckView(
                    is_ok=False, took_s=_since(began), code=error.instance_code, detail=detail
                )
            )
        finally:
            done.set()


def _since(began: float) -> float:
    return round(time.monotonic() - began, 4)


class DatabaseGate:
    """Lets requests through while the database answers; asks it once a second at most."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._good_until = 0.0

    def pass_through(self) -> None:
        """Return at once, or within ``PATIENCE_S``.

        Raises:
            DatabaseUnavailable: it said so, or said nothing.
        """
        if time.monotonic() < self._good_until:
            return
        found = self._check.start()(PATIENCE_S)
        if not found.is_ok:
            raise DatabaseUnavailable(found.detail)
        self._good_until = time.monotonic() + _TRUST_S
