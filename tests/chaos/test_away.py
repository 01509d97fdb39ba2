"""Servers that go away and come back, forget everything, or say everything three times."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

import httpx
import redis

from pipeline.broker.port import Ring
from pipeline.services.relay import relay_once
from pipeline.services.sweep import Sweeper
from schemas.events import EventType
from tests.support.checker import Reference, check
from tests.support.fleet import Fleet
from tests.support.postgres import Postgres
from tests.support.proxy import CommitCutter
from tests.support.purger import Purger
from tests.support.rabbitmq import RabbitMQ
from tests.support.recipes import Recipes
from tests.support.valkey import Redis

E = EventType
_OUTAGE_S = 20.0


def test_rabbitmq_stops_and_comes_back(
    fleet: Fleet, recipes: Recipes, reference: Reference, rabbitmq_server: RabbitMQ
) -> None:
    fleet.add_scheduler()
    fleet.add_workers(2)
    fleet.submit(recipes.light, 3)
    (heavy,) = fleet.submit(recipes.heavy)
    fleet.wait_for_encode(heavy)

    rabbitmq_server.stop()
    # Nobody who hands something in needs the broker.
    fleet.submit(recipes.light, 2)
    rabbitmq_server.start()
    fleet.wait()

    counts = Counter(event.type for event in check(fleet, reference))
    assert counts[E.TASK_LOST] == 0, "a lease does not hang on the broker"


def test_purged_queues_lose_no_work(fleet: Fleet, recipes: Recipes, reference: Reference) -> None:
    fleet.add_scheduler()
    fleet.add_workers(1, slots=1)
    fleet.submit(recipes.light, 4)
    purge = Purger(fleet)

    fleet.wait(meanwhile=purge)

    assert purge.n_purged
    check(fleet, reference)


def test_redis_forgets_and_restarts(
    fleet: Fleet, recipes: Recipes, reference: Reference, redis_server: Redis
) -> None:
    fleet.add_scheduler()
    fleet.add_workers(2)
    fleet.submit(recipes.light, 2)
    (heavy,) = fleet.submit(recipes.heavy)
    fleet.wait_for_encode(heavy)

    with closing(redis.Redis.from_url(redis_server.url)) as client:
        client.flushall()
    redis_server.kill()
    fleet.submit(recipes.light)
    fleet.wait(fleet.orders[:2])
    redis_server.start()
    fleet.wait()

    counts = Counter(event.type for event in check(fleet, reference))
    assert counts[E.TASK_LOST] == counts[E.TASK_RETRIED] == 0


def test_postgresql_away_for_a_while_expires_nobody(
    fleet: Fleet, recipes: Recipes, reference: Reference, postgres_server: Postgres
) -> None:
    fleet.add_scheduler()
    fleet.add_workers(2)
    api = fleet.add_api()
    fleet.submit(recipes.light, 3)
    (heavy,) = fleet.submit(recipes.heavy)
    fleet.wait_for_encode(heavy)

    postgres_server.stop()
    gone_at = time.monotonic()
    answers = set()
    while time.monotonic() - gone_at < _OUTAGE_S:
        answers.add(httpx.get(f"{api.url}/api/jobs", timeout=10).status_code)
        time.sleep(0.5)
    assert answers == {503}
    postgres_server.start()
    fleet.wait()

    assert httpx.get(f"{api.url}/api/jobs", timeout=10).status_code == 200
    history = check(fleet, reference)
    assert not [event for event in history if event.type is E.TASK_LOST]


class _ThreeTimes:
    """A door to the broker through which every ring goes three times."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._broker = fleet.pipeline.broker
        self._sweeper = Sweeper(fleet.pipeline.database, self._broker, lease_s=3.0)
        self.declare, self.depth = self._broker.declare, self._broker.depth
        self.listen, self.check, self.close = (
            self._broker.listen,
            self._broker.check,
            self._broker.close,
        )

    def ring(self, rings: Sequence[Ring]) -> None:
        self._broker.ring([*rings, *rings, *reversed(rings)])

    def __call__(self) -> None:
        """Do what a scheduler does."""
        relay_once(self._fleet.pipeline.database, self)
        self._sweeper.tick()


def test_every_message_three_times_doubles_nothing(
    fleet: Fleet, recipes: Recipes, reference: Reference
) -> None:
    fleet.add_workers(2)
    orders = fleet.submit(recipes.light, 5)

    fleet.wait(meanwhile=_ThreeTimes(fleet))

    starts = Counter(e.task_id for e in check(fleet, reference) if e.type is E.TASK_STARTED)
    assert set(starts.values()) == {1}
    tasks = [task for order in orders for task in fleet.show(order).tasks]
    # Proofs go on after the job: some have begun by now.
    awaited = {task.id for task in tasks if not task.is_background}
    assert awaited <= set(starts) <= {task.id for task in tasks}


def test_commits_that_happened_but_were_reported_failed(
    fleet: Fleet, recipes: Recipes, reference: Reference
) -> None:
    with CommitCutter(fleet.servers.database_url, every=11) as proxy:
        fleet.add_scheduler(database_url=proxy.url)
        fleet.add_workers(2, database_url=proxy.url)
        proxy.armed.set()
        fleet.submit(recipes.light, 4)
        fleet.wait()
        proxy.armed.clear()
        check(fleet, reference)
    print(f"{proxy.n_cut} commits cut")
    assert proxy.n_cut > 10
