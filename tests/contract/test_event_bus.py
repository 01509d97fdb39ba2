"""What every event bus does, over memory and over a real Redis."""

import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue

import pytest
import redis

from pipeline.core.errors import Unavailable
from pipeline.events.memory import MemoryBus
from pipeline.events.port import BusMessage, EventBus
from pipeline.events.redis import RedisBus
from schemas.events import EventsWaiting, ProgressTick
from schemas.vocabulary import JobId, TaskId
from tests.support.ports import free_port
from tests.support.valkey import Redis
from tests.support.waiting import wait_until


@pytest.fixture(params=["memory", "redis"])
def bus(request: pytest.FixtureRequest, bus_channel: str) -> Iterator[EventBus]:
    if request.param == "memory":
        made: EventBus = MemoryBus()
    else:
        made = RedisBus(request.getfixturevalue("redis_url"), channel=bus_channel)
    yield made
    made.close()


class Mailbox:
    def __init__(self) -> None:
        self.messages: SimpleQueue[BusMessage] = SimpleQueue()

    def __call__(self, message: BusMessage) -> None:
        self.messages.put(message)

    def next(self, timeout_s: float = 10) -> BusMessage:
        return self.messages.get(timeout=timeout_s)


def tick(task: str = "t", done: float = 0.5) -> ProgressTick:
    return ProgressTick(job_id=JobId("j"), task_id=TaskId(task), epoch=1, progress={"720p": done})


def test_every_subscriber_hears_every_message(bus: EventBus) -> None:
    one, other = Mailbox(), Mailbox()
    bus.subscribe(one)
    bus.subscribe(other)

    bus.publish(tick())
    assert one.next() == other.next() == tick()

    bus.publish(EventsWaiting())
    assert one.next() == other.next() == EventsWaiting()


def test_a_closed_subscription_hears_nothing(bus: EventBus) -> None:
    open_, closed = Mailbox(), Mailbox()
    subscription = bus.subscribe(closed)
    bus.subscribe(open_)
    bus.publish(tick(done=0.1))
    assert closed.next() == open_.next()

    subscription.close()
    subscription.close()
    bus.publish(tick(done=0.2))

    assert open_.next() == tick(done=0.2)
    assert closed.messages.empty()


def test_closing_waits_for_a_running_delivery(bus: EventBus) -> None:
    entered, leave = threading.Event(), threading.Event()

    def deliver(_: BusMessage) -> None:
        entered.set()
        leave.wait(10)

    subscription = bus.subscribe(deliver)
    bus.publish(tick())
    assert entered.wait(10)
    closing = threading.Thread(target=subscription.close)
    closing.start()
    closing.join(0.1)
    assert closing.is_alive()
    leave.set()
    closing.join(10)
    assert not closing.is_alive()


def test_a_subscriber_may_close_itself(bus: EventBus) -> None:
    is_closed = threading.Event()

    def deliver(_: BusMessage) -> None:
        subscription.close()
        is_closed.set()

    subscription = bus.subscribe(deliver)
    bus.publish(tick())
    assert is_closed.wait(10)


def test_a_slow_subscriber_does_not_hold_up_the_sender(bus: EventBus) -> None:
    entered, leave = threading.Event(), threading.Event()
    seen = Mailbox()

    def deliver(message: BusMessage) -> None:
        entered.set()
        leave.wait(10)
        seen(message)

    bus.subscribe(deliver)
    bus.publish(tick(done=0))
    assert entered.wait(10)

    started_at = time.monotonic()
    for n in range(1, 1001):
        bus.publish(tick(done=n / 1000))
    assert time.monotonic() - started_at < 1
    leave.set()

    last = seen.next()
    while last != tick(done=1.0):
        last = seen.next()


def test_a_bus_answers_when_asked(bus: EventBus) -> None:
    bus.check()


def test_publishing_without_subscribers_or_after_closing_does_nothing(bus: EventBus) -> None:
    bus.publish(tick())
    bus.close()
    bus.publish(tick())


def test_progress_of_a_task_is_latest_wins_while_the_bus_is_away(bus_channel: str) -> None:
    server = Redis()
    bus = RedisBus(server.url, channel=bus_channel)
    try:
        mailbox = Mailbox()
        bus.subscribe(mailbox)
        started_at = time.monotonic()
        for n in range(1000):
            bus.publish(tick(done=n / 1000))
            bus.publish(EventsWaiting())
        assert time.monotonic() - started_at < 1
        with pytest.raises(Unavailable) as raised:
            bus.check()
        assert raised.value.instance_code == "unavailable.bus"

        server.start()
        subscribed = redis.Redis.from_url(server.url)
        with subscribed:
            wait_until(lambda: subscribed.pubsub_numsub(bus_channel)[0][1] == 1)
        bus.publish(tick(task="new"))

        heard = [mailbox.next()]
        while heard[-1] != tick(task="new"):
            heard.append(mailbox.next())
        assert len(heard) <= 3
    finally:
        bus.close()
        server.close()


def test_a_subscription_goes_on_after_a_restart(redis_server: Redis, bus_channel: str) -> None:
    bus = RedisBus(redis_server.url, channel=bus_channel)
    try:
        mailbox = Mailbox()
        bus.subscribe(mailbox)
        bus.publish(tick(task="before"))
        assert mailbox.next() == tick(task="before")

        redis_server.kill()
        redis_server.start()

        def is_heard() -> bool:
            bus.publish(tick(task="after"))
            return not mailbox.messages.empty()

        wait_until(is_heard)
        assert mailbox.next() == tick(task="after")
    finally:
        bus.close()


def test_what_is_not_ours_is_dropped(redis_url: str, bus_channel: str) -> None:
    bus = RedisBus(redis_url, channel=bus_channel)
    try:
        mailbox = Mailbox()
        bus.subscribe(mailbox)
        with redis.Redis.from_url(redis_url) as stranger:
            for body in (b"", b"\xff\x00", b"[]", b'{"type":"gossip"}', b'{"type":"progress"}'):
                stranger.publish(bus_channel, body)
        bus.publish(tick())
        assert mailbox.next() == tick()
    finally:
        bus.close()


def test_a_wrong_address_costs_nobody_time(bus_channel: str) -> None:
    bus = RedisBus(f"redis://127.0.0.1:{free_port()}/0", channel=bus_channel)
    bus.publish(tick())
    started_at = time.monotonic()
    bus.close()
    assert time.monotonic() - started_at < 2
