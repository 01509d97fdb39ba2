"""The upkeep of the pipeline: relay, webhooks, sweeper, housekeeping; embedded or as a role.

The relay is on the way of every task, so it runs in every scheduler and is woken by hints on
the bus; sweeping and housekeeping are done by one elected scheduler. Nothing here decides
anything: each tick is one call of a service, and a tick that fails is tried again.
"""

import os
import secrets
import socket
from collections.abc import Callable
from datetime import UTC
from threading import Event, Thread
from typing import TypeVar

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from compose.chores import Chores
from compose.dispatcher import Dispatcher
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import Unavailable
from pipeline.events.port import BusMessage
from pipeline.services import leadership
from pipeline.services.relay import relay_once
from pipeline.services.sweep import Sweeper
from schemas.events import EventsWaiting, RingsWaiting

T = TypeVar("T")

log = structlog.get_logger(__name__)

#: How long a committed ring waits when its hint got lost: little while there is traffic, more
#: where looks have found nothing. Looking is cheap, but twenty times a second it is a quarter
#: of what the house costs beside its encodes.
RELAY_IDLE_S, RELAY_LONG_IDLE_S = 0.05, 0.4
#: Longest pause between tries while the database or the broker is away.
MAX_BACK_OFF_S = 2.0
LEADER_LEASE = "scheduler"
GARBAGE_INTERVAL_S = 5
UPLOADS_INTERVAL_S = 10
SCHEDULE_INTERVAL_S = 5.0
#: Viewers of what is on are looked at so often; peaks between two looks are not lost.
VIEWERS_INTERVAL_S = 5.0
TRIM_INTERVAL_S = 3600
#: Running late is no reason to leave housekeeping out.
MISFIRE_GRACE_S = 300


class Scheduler:
    """Relay, sweeper and housekeeping of one process."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._stopping = Event()
        self._is_work_waiting = Event()
        #: Set while this process is the elected one.
        self._is_leader = Event()
        self._threads = [
            Thread(target=self._relay, name="relay", daemon=True),
            Thread(target=self._sweep, name="sweeper", daemon=True),
        ]
        self._dispatcher = Dispatcher(pipeline, self._attempt)
        self._chores = Chores(pipeline, self._stopping)
        self._clock = self._make_clock()

    def start(self) -> None:
        """Start the threads; a service that is away is waited for."""
        self._subscription = self._pipeline.bus.subscribe(self._hear)
        for thread in self._threads:
            thread.start()
        self._dispatcher.start()
        self._clock.start()

    def stop(self) -> None:
        """Finish the running ticks, give the lead away and return."""
        self._stopping.set()
        self._is_work_waiting.set()
        self._dispatcher.stop()
        self._subscription.close()
        self._clock.shutdown(wait=True)
        for thread in self._threads:
            thread.join()
        if self._is_leader.is_set():
            self._attempt("resign", self._resign)

    def _hear(self, message: BusMessage) -> None:
        if isinstance(message, RingsWaiting):
            self._is_work_waiting.set()
        if isinstance(message, EventsWaiting):
            self._dispatcher.wake()

    def _relay(self) -> None:
        n_failures = n_idle = 0
        while not self._stopping.is_set():
            # Cleared before looking: what is committed after the look sets it again.
            self._is_work_waiting.clear()
            n_rung = self._attempt("relay", self._relay_once)
            n_failures = n_failures + 1 if n_rung is None else 0
            n_idle = 0 if n_rung else n_idle + 1
            if n_failures:
                self._stopping.wait(_back_off_s(n_failures))
            elif not n_rung:
                self._is_work_waiting.wait(_idle_s(n_idle))

    def _relay_once(self) -> int:
        return relay_once(self._pipeline.database, self._pipeline.broker)

    def _sweep(self) -> None:
        sweeper: Sweeper | None = None
        while not self._stopping.is_set():
            if not self._attempt("lead", self._lead):
                self._is_leader.clear()
                sweeper = None
            else:
                self._is_leader.set()
                # A new leader starts a new sweeper, which waits a full lease before it judges.
                sweeper = sweeper or self._new_sweeper()
                self._attempt("sweep", sweeper.tick)
            self._stopping.wait(self._pipeline.settings.sweep_interval_s)

    def _new_sweeper(self) -> Sweeper:
        settings = self._pipeline.settings
        return Sweeper(
            self._pipeline.database,
            self._pipeline.broker,
            lease_s=settings.lease_s,
            interval_s=settings.sweep_interval_s,
        )

    def _lead(self) -> bool:
        # A leader that says nothing for as long as a worker may is replaced like one.
        ttl_s = self._pipeline.settings.lease_s
        return leadership.lead(self._pipeline.database, LEADER_LEASE, self._owner, ttl_s=ttl_s)

    def _resign(self) -> None:
        leadership.resign(self._pipeline.database, LEADER_LEASE, self._owner)

    def _make_clock(self) -> BackgroundScheduler:
        clock = BackgroundScheduler(
            timezone=UTC,
            job_defaults={
                "misfire_grace_time": MISFIRE_GRACE_S,
                "coalesce": True,
                "max_instances": 1,
            },
        )
        for name, action, interval_s in (
            ("collect_garbage", self._chores.collect_garbage, GARBAGE_INTERVAL_S),
            ("uploads", self._chores.uploads, UPLOADS_INTERVAL_S),
            ("schedule", self._chores.schedule, SCHEDULE_INTERVAL_S),
            ("viewers", self._chores.minutes.tick, VIEWERS_INTERVAL_S),
            ("trim", self._chores.trim, TRIM_INTERVAL_S),
            ("trim_deliveries", self._dispatcher.trim, TRIM_INTERVAL_S),
        ):
            clock.add_job(
                self._as_leader, "interval", args=(name, action), seconds=interval_s, id=name
            )
        return clock

    def _as_leader(self, name: str, action: Callable[[], object]) -> None:
        if self._is_leader.is_set():
            self._attempt(name, action)

    def _attempt(self, name: str, action: Callable[[], T]) -> T | None:
        """Run one tick; None when it failed. Upkeep must outlive every failure of a tick."""
        try:
            return action()
        except Unavailable as error:
            log.warning("upkeep.unavailable", tick=name, code=error.instance_code)
        except Exception:
            log.exception("upkeep.failed", tick=name)
        return None


def _back_off_s(n_failures: int) -> float:
    return min(0.1 * 2.0 ** min(n_failures, 10), MAX_BACK_OFF_S)


def _idle_s(n_idle: int) -> float:
    return min(RELAY_IDLE_S * 2.0 ** min(n_idle - 1, 10), RELAY_LONG_IDLE_S)
