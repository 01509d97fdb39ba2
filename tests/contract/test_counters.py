"""Counting requests, in memory and in a real Redis."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from pipeline.limits.memory import MemoryCounter
from pipeline.limits.port import Counter
from pipeline.limits.redis import RedisCounter
from tests.support.ports import free_port
from tests.support.valkey import Redis
from tests.support.waiting import wait_until


@pytest.fixture(params=["memory", "redis"])
def counter(request: pytest.FixtureRequest) -> Iterator[Counter]:
    if request.param == "memory":
        made: Counter = MemoryCounter()
    else:
        url = request.getfixturevalue("redis_url")
        made = RedisCounter(url, prefix=f"test-{uuid.uuid4().hex}")
    yield made
    made.close()


def test_no_number_is_given_twice(counter: Counter) -> None:
    with ThreadPoolExecutor(8) as pool:
        windows = list(pool.map(lambda _: counter.count("kim", window_s=60), range(400)))

    assert sorted(window.n for window in windows) == list(range(1, 401))
    assert all(0 < window.left_s <= 60 for window in windows)


def test_each_is_counted_for_himself(counter: Counter) -> None:
    assert [counter.count(key, window_s=60).n for key in ("kim", "lee", "kim")] == [1, 1, 2]


def test_counting_begins_anew_when_the_window_ends(counter: Counter) -> None:
    first = counter.count("kim", window_s=0.2)
    Event().wait(first.left_s + 0.05)

    assert counter.count("kim", window_s=0.2).n == 1


def test_a_redis_that_is_away_costs_neither_requests_nor_limits() -> None:
    with Redis() as server:
        counter = RedisCounter(server.url)
        assert counter.count("kim", window_s=60).n == 1
        server.kill()
        # Each process for itself, from then on.
        assert [counter.count("kim", window_s=60).n for _ in range(50)] == list(range(1, 51))
        server.start()
        wait_until(lambda: _counts_in(server, counter), timeout_s=20)
        counter.close()


def _counts_in(server: Redis, counter: RedisCounter) -> bool:
    import redis

    counter.count("lee", window_s=60)
    with redis.Redis.from_url(server.url) as client:
        return client.exists("reelmill.rate:lee") == 1


def test_a_redis_that_never_was_is_waited_for_once() -> None:
    counter = RedisCounter(f"redis://127.0.0.1:{free_port()}/0")
    assert [counter.count("kim", window_s=60).n for _ in range(100)] == list(range(1, 101))
    counter.close()
