"""Counting viewers, in memory and in a real Redis."""

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import pytest

from pipeline.audience import redis as redis_form
from pipeline.audience import roll
from pipeline.audience.memory import MemoryViewers
from pipeline.audience.port import ViewerKind, Viewers
from pipeline.audience.redis import RedisViewers
from schemas.streams import StreamId
from tests.support.ports import free_port
from tests.support.valkey import Redis
from tests.support.waiting import wait_until

A, B = StreamId("a"), StreamId("b")
HLS, FLV, WEBSOCKET = ViewerKind
#: As long as viewers stay where a test waits for them to be forgotten.
SHORT_S = MappingProxyType(dict.fromkeys(ViewerKind, 0.3))

Make = Callable[[], Viewers]


@pytest.fixture(params=["memory", "redis"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Give as many processes' ends as a test asks for; of memory there is one process."""
    made: list[Viewers] = []
    if request.param == "memory":
        made.append(MemoryViewers())
        yield lambda: made[0]
    else:
        url, prefix = request.getfixturevalue("redis_url"), f"test-{uuid.uuid4().hex}"

        def another() -> Viewers:
            made.append(RedisViewers(url, prefix=prefix))
            return made[-1]

        yield another
    for one in made:
        one.close()


@pytest.fixture
def viewers(make: Make) -> Viewers:
    return make()


def n_of(viewers: Viewers, stream_id: StreamId = A) -> int:
    found = viewers.count([stream_id])
    assert found is not None
    return found[stream_id].n


def peak_of(viewers: Viewers, *, takes: bool = False) -> int:
    found = viewers.count([A], takes_peaks=takes)
    assert found is not None
    return found[A].peak


def test_nobody_is_there_at_first(viewers: Viewers) -> None:
    found = viewers.count([A, B])

    assert found is not None
    assert [(found[one].n, found[one].peak) for one in (A, B)] == [(0, 0), (0, 0)]
    assert viewers.count([]) == {}


def test_a_viewer_counts_once_of_each_stream_and_kind(viewers: Viewers) -> None:
    for _ in range(3):
        viewers.seen(A, ["kim", "lee"], HLS)
    viewers.seen(A, ["kim"], FLV)
    viewers.seen(B, ["kim"], WEBSOCKET)

    found = viewers.count([A, B])

    assert found is not None
    assert found[A].by_kind == {HLS: 2, FLV: 1, WEBSOCKET: 0}
    assert found[B].by_kind == {HLS: 0, FLV: 0, WEBSOCKET: 1}
    assert (found[A].n, found[B].n) == (3, 1)


def test_who_leaves_is_gone_at_once_and_may_come_back(viewers: Viewers) -> None:
    viewers.seen(A, ["kim", "lee"], FLV)
    viewers.left(A, ["kim", "nobody"], FLV)
    viewers.left(B, ["kim"], FLV)
    assert n_of(viewers) == 1

    viewers.seen(A, ["kim"], FLV)
    assert n_of(viewers) == 2


def test_who_says_nothing_is_forgotten_and_who_goes_on_is_not(
    viewers: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (roll, redis_form):
        monkeypatch.setattr(module, "GONE_AFTER_S", SHORT_S)
    viewers.seen(A, ["kim", "lee"], HLS)
    assert n_of(viewers) == 2
    began_at = time.monotonic()

    def is_one() -> bool:
        viewers.seen(A, ["lee"], HLS)
        return n_of(viewers) == 1

    wait_until(is_one, timeout_s=5)
    assert time.monotonic() - began_at >= SHORT_S[HLS]
    wait_until(lambda: n_of(viewers) == 0, timeout_s=5)


def test_all_processes_count_together(make: Make) -> None:
    first, second = make(), make()
    first.seen(A, ["kim", "lee"], HLS)
    second.seen(A, ["lee", "park"], HLS)

    # What the other has seen it tells within a second, unasked.
    wait_until(lambda: n_of(first) == 3, timeout_s=5)
    assert n_of(second) == 3


def test_a_peak_stays_until_it_is_taken(viewers: Viewers) -> None:
    viewers.seen(A, ["kim", "lee"], FLV)
    viewers.seen(A, ["park"], HLS)
    assert peak_of(viewers) == 3
    viewers.left(A, ["kim", "lee"], FLV)

    assert (peak_of(viewers), n_of(viewers)) == (3, 1)
    assert peak_of(viewers, takes=True) == 3
    assert peak_of(viewers) == 1


def test_a_crowd_is_counted_whole(viewers: Viewers) -> None:
    names = [f"viewer{n}" for n in range(10_000)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: viewers.seen(A, [name], HLS), names))
    viewers.seen(A, names, FLV)

    found = viewers.count([A])

    assert found is not None
    assert found[A].by_kind == {HLS: 10_000, FLV: 10_000, WEBSOCKET: 0}
    viewers.left(A, names, FLV)
    assert n_of(viewers) == 10_000


def test_a_redis_that_is_away_makes_the_number_unknown_and_nothing_else() -> None:
    with Redis() as server:
        viewers = RedisViewers(server.url)
        viewers.seen(A, ["kim"], HLS)
        assert n_of(viewers) == 1
        server.kill()
        assert viewers.count([A]) is None
        began_at = time.monotonic()
        for n in range(2000):
            viewers.seen(A, [f"viewer{n}"], HLS)
        assert viewers.count([A]) is None
        assert time.monotonic() - began_at < 1.0
        server.start()

        def is_counted() -> bool:
            viewers.seen(A, ["kim"], HLS)
            found = viewers.count([A])
            return found is not None and found[A].n == 1

        wait_until(is_counted, timeout_s=20)
        viewers.close()


def test_what_was_seen_last_is_told_at_the_end(redis_url: str) -> None:
    prefix = f"test-{uuid.uuid4().hex}"
    going, staying = (RedisViewers(redis_url, prefix=prefix) for _ in range(2))
    going.seen(A, ["kim"], FLV)
    going.close()

    assert n_of(staying) == 1
    staying.close()


def test_no_key_stays_for_ever(redis_url: str) -> None:
    import redis

    prefix = f"test-{uuid.uuid4().hex}"
    viewers = RedisViewers(redis_url, prefix=prefix)
    viewers.seen(A, ["kim"], HLS)
    viewers.count([A], takes_peaks=True)
    with redis.Redis.from_url(redis_url) as client:
        lives = [client.pttl(key) for key in client.scan_iter(f"{prefix}:*")]
    viewers.close()

    assert len(lives) == 2
    assert all(life > 0 for life in lives)


def test_a_redis_that_never_was_keeps_nobody_waiting() -> None:
    viewers = RedisViewers(f"redis://127.0.0.1:{free_port()}/0")
    viewers.seen(A, ["kim"], HLS)

    assert viewers.count([A]) is None
    viewers.close()
