"""Everything at once: a fault of any kind every few seconds, hundreds of times."""

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import pytest
import redis

from schemas.events import EventType
from tests.support.checker import Reference, check
from tests.support.fleet import Fleet
from tests.support.postgres import Postgres
from tests.support.purger import Purger
from tests.support.rabbitmq import RabbitMQ
from tests.support.recipes import Recipes
from tests.support.valkey import Redis

_N_JOBS = 150
_FAULT_EVERY_S = 4.0
_DATABASE_OUTAGE_S = 6.0
#: Past the lease of the fleet.
_FREEZE_S = 5.0


class Storm:
    """Called all the time, does one thing wrong every few seconds."""

    def __init__(
        self,
        fleet: Fleet,
        dice: random.Random,
        servers: tuple[RabbitMQ, Redis, Postgres],
    ) -> None:
        self.done: Counter[str] = Counter()
        self._fleet, self._dice = fleet, dice
        self._rabbitmq, self._redis, self._postgres = servers
        self._purger = Purger(fleet)
        self._next_at = time.monotonic()
        self._faults: list[Callable[[], None]] = [
            self._kill_worker,
            self._kill_ffmpeg,
            self._kill_scheduler,
            self._restart_worker,
            self._freeze_worker,
            self._restart_rabbitmq,
            self._restart_redis,
            self._restart_postgres,
            self._purge,
        ]

    def __call__(self) -> None:
        # A role that found a server away at its start has ended: its supervisor tries again.
        for role in self._fleet.roles:
            if not role.is_running:
                role.launch()
        if time.monotonic() < self._next_at:
            return
        fault = self._dice.choice(self._faults)
        fault()
        self.done[fault.__name__.strip("_")] += 1
        self._next_at = time.monotonic() + _FAULT_EVERY_S

    def _kill_worker(self) -> None:
        victim = self._dice.choice(self._fleet.workers)
        victim.power_off()
        victim.launch()

    def _kill_ffmpeg(self) -> None:
        running = [child for worker in self._fleet.workers for child in worker.children()]
        if running:
            self._dice.choice(running).kill()

    def _kill_scheduler(self) -> None:
        scheduler = self._fleet.roles[0]
        scheduler.power_off()
        scheduler.launch()

    def _restart_worker(self) -> None:
        victim = self._dice.choice(self._fleet.workers)
        victim.wait_until_ready()
        victim.stop()
        victim.launch()

    def _freeze_worker(self) -> None:
        victim = self._dice.choice(self._fleet.workers)
        victim.pause()
        time.sleep(_FREEZE_S)
        victim.resume()

    def _restart_rabbitmq(self) -> None:
        self._rabbitmq.kill()
        self._rabbitmq.start()

    def _restart_redis(self) -> None:
        with closing(redis.Redis.from_url(self._redis.url)) as client:
            client.flushall()
        self._redis.kill()
        self._redis.start()

    def _restart_postgres(self) -> None:
        self._postgres.stop()
        time.sleep(_DATABASE_OUTAGE_S)
        self._postgres.start()

    def _purge(self) -> None:
        self._purger.purge()


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_storm_of_faults(
    fleet: Fleet,
    recipes: Recipes,
    reference: Reference,
    dice: random.Random,
    rabbitmq_server: RabbitMQ,
    redis_server: Redis,
    postgres_server: Postgres,
) -> None:
    # Patience with zombies must outlast them.
    fleet.add_scheduler(garbage_delay_s=600)
    fleet.add_workers(3, slots=1)
    fleet.submit(recipes.light, _N_JOBS, max_attempts=30, max_lost=60)
    fleet.submit(recipes.heavy, _N_JOBS // 20, max_attempts=30, max_lost=60)
    storm = Storm(fleet, dice, (rabbitmq_server, redis_server, postgres_server))

    fleet.wait(timeout_s=3000, meanwhile=storm)

    counts = Counter(event.type for event in check(fleet, reference))
    print(dict(storm.done), dict(counts))
    assert counts[EventType.JOB_SUCCEEDED] == len(fleet.orders)
