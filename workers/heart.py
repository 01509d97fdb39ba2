"""The heartbeat of a worker process: renews all its leases at once and brings orders back."""

from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread

import structlog

from pipeline.core.errors import ReelmillError
from schemas.vocabulary import TaskId
from schemas.workers import Orders
from workers.attempt import Attempt, StopReason

log = structlog.get_logger(__name__)


class Heart:
    """Beats for the attempts that run in this process.

    An attempt whose work shows no progress is left out of the beat, so that its lease runs
    out. While the database is away everything goes on: leases are judged by epoch, and nobody
    else can have taken them.
    """

    def __init__(
        self,
        beat: Callable[[Sequence[Attempt]], Orders],
        *,
        interval_s: float,
        on_drain: Callable[[], None],
    ) -> None:
        self._beat = beat
        self._interval_s = interval_s
        self._on_drain = on_drain
        self._attempts: dict[TaskId, Attempt] = {}
        self._lock = Lock()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="heart", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Beat no more; returns when the last beat is over."""
        self._stopping.set()
        self._thread.join()

    def add(self, attempt: Attempt) -> None:
        """Beat for an attempt from now on.

        A task whose lease was lost may come again while its old attempt is still stopping
        here: only the newer epoch counts, and the older one learns of its end at once.
        """
        with self._lock:
            known = self._attempts.get(attempt.task_id, attempt)
            older, newer = sorted((known, attempt), key=lambda each: each.claimed.epoch)
            self._attempts[attempt.task_id] = newer
        if older is not newer:
            older.interrupt(StopReason.LOST)

    def remove(self, attempt: Attempt) -> None:
        """Beat for it no more."""
        with self._lock:
            if self._attempts.get(attempt.task_id) is attempt:
                del self._attempts[attempt.task_id]

    def running(self) -> list[Attempt]:
        """List the attempts that run now."""
        with self._lock:
            return list(self._attempts.values())

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                self._once()
            except ReelmillError as exc:
                log.warning("heart.missed", code=exc.instance_code, detail=exc.detail)
            except Exception:  # a dead heart would lose every task of this process, for ever
                log.exception("heart.broke")

    def _once(self) -> None:
        beating = [attempt for attempt in self.running() if attempt.is_alive()]
        orders = self._beat(beating)
        # Of those that beat: by now another attempt may run under the same id.
        by_id = {attempt.task_id: attempt for attempt in beating}
        for task_id in orders.lost:
            if task_id in by_id:
                by_id[task_id].interrupt(StopReason.LOST)
        for task_id in orders.cancelled:
            if task_id in by_id:
                by_id[task_id].interrupt(StopReason.CANCELLED)
        if orders.drain:
            self._on_drain()
