"""A worker process's share of the work: some queues, some slots."""

import dataclasses
import secrets
import socket
import time
from collections.abc import Sequence
from threading import Event, Lock, Thread, Timer

import structlog

from pipeline.bootstrap import Pipeline
from pipeline.broker.port import Listener
from pipeline.core.errors import ReelmillError
from pipeline.services import fleet, tasks
from pipeline.settings import Settings
from schemas.vocabulary import QueueName, WorkerId
from schemas.workers import Capabilities, Orders
from workers import capabilities
from workers.attempt import Attempt, Place, StopReason
from workers.bench import Tools
from workers.heart import Heart
from workers.scratch.cache import SourceCache
from workers.scratch.folder import ScratchRoot
from workers.slot import Slots

log = structlog.get_logger(__name__)

#: A drain waits for what runs; no task is meant to take longer.
_LONGEST_TASK_S = 86_400.0


class WorkerProcess:
    """Listens on a set of queues with so many slots, between ``start`` and ``stop``."""

    def __init__(
        self,
        pipeline: Pipeline,
        queues: Sequence[QueueName],
        slots: int,
        *,
        name: str | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._wanted = tuple(queues)
        self._n_slots = slots
        host = socket.gethostname()
        self.worker_id = WorkerId(f"{host[:32]}-{name or 'worker'}-{secrets.token_hex(4)}")
        self._stop_lock = Lock()
        self._stopped = Event()
        self._is_draining = Event()

    def start(self) -> None:
        """Measure the box, enter the fleet, start to listen.

        Raises:
            DatabaseUnavailable, BrokerUnavailable: nothing was started.
        """
        settings = self._pipeline.settings
        self._capabilities, tools = capabilities.measure(settings, slots=self._n_slots)
        self._queues = _able(self._wanted, self._capabilities)
        self._slots = self._make_slots(settings, tools)
        self._register()
        self._heart.start()
        try:
            self._listener = self._listen()
        except ReelmillError:
            self._heart.stop()
            raise
        queues = [queue.value for queue in self._queues]
        capabilities.tell_isolation()
        log.info("worker.up", worker=self.worker_id, queues=queues, slots=self._n_slots)

    def _make_slots(self, settings: Settings, tools: Tools) -> Slots:
        root = settings.resolved_scratch_dir
        self._scratch = ScratchRoot(root, settings.scratch_limit_bytes)
        cache = SourceCache(root / "sources", settings.cache_limit_bytes, self._pipeline.storage)
        places = {queue: self._place(queue, cache, tools) for queue in self._queues}
        self._heart = Heart(self._beat, interval_s=settings.heartbeat_s, on_drain=self._drain_soon)
        return Slots(self.worker_id, places, self._scratch, self._heart, lease_s=self.lease_s)

    def _place(self, queue: QueueName, cache: SourceCache, tools: Tools) -> Place:
        use_gpu = queue is QueueName.ENCODE_GPU
        return Place(self._pipeline, cache, dataclasses.replace(tools, use_gpu=use_gpu))

    def _register(self) -> None:
        fleet.register(
            self._pipeline.database,
            self.worker_id,
            socket.gethostname(),
            self._queues,
            self._n_slots,
            self._capabilities,
        )

    def _listen(self) -> Listener:
        self._pipeline.broker.declare(self._queues)
        return self._pipeline.broker.listen(
            self._queues, slots=self._n_slots, on_ring=self._slots.on_ring
        )

    @property
    def lease_s(self) -> float:
        """How long this worker may be silent, whatever it works on."""
        settings = self._pipeline.settings
        is_live = QueueName.LIVE in self._wanted
        return min(settings.lease_s, settings.live_lease_s) if is_live else settings.lease_s

    def _beat(self, attempts: Sequence[Attempt]) -> Orders:
        orders = tasks.heartbeat(
            self._pipeline.database,
            self.worker_id,
            [attempt.pulse() for attempt in attempts],
            lease_s=self.lease_s,
        )
        if orders.is_unknown:
            self._register()
        return orders

    def _drain_soon(self) -> None:
        """Drain in a thread of its own: the heart must go on beating meanwhile."""
        if not self._is_draining.is_set():
            self._is_draining.set()
            log.info("worker.draining", worker=self.worker_id)
            Thread(target=self._drain, name="drain", daemon=True).start()

    def _drain(self) -> None:
        # Rings it does not start go back to the broker, for workers that stay.
        self._listener.stop(_LONGEST_TASK_S)
        self.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the worker has stopped, by ``stop`` or because it was drained."""
        return self._stopped.wait(timeout_s)

    def stop(self) -> None:
        """Hand running tasks back and leave the fleet, within the grace time. Safe to repeat."""
        with self._stop_lock:
            if self._stopped.is_set():
                return
            self._hand_back()
            self._stopped.set()

    def _hand_back(self) -> None:
        deadline_s = time.monotonic() + self._pipeline.settings.stop_grace_s
        self._slots.closed.set()
        for attempt in self._heart.running():
            attempt.interrupt(StopReason.SHUTDOWN)
        timer = Timer(self._pipeline.settings.stop_grace_s * 0.75, self._slots.abandoned.set)
        timer.daemon = True
        timer.start()
        self._listener.stop(max(0.1, deadline_s - time.monotonic()))
        timer.cancel()
        self._heart.stop()
        self._scratch.close()
        try:
            fleet.leave(self._pipeline.database, self.worker_id)
        except ReelmillError as exc:
            log.warning("worker.left_unsaid", detail=exc.detail)
        log.info("worker.down", worker=self.worker_id)


def _able(queues: Sequence[QueueName], able: Capabilities) -> tuple[QueueName, ...]:
    """Leave the GPU queue out where no GPU encoder works."""
    return tuple(q for q in queues if q is not QueueName.ENCODE_GPU or able.has_gpu)
