"""What RabbitMQ and its network do to us, and that no ring is lost by our own doing."""

import pickle
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from pipeline.broker.port import Listener, Ring
from pipeline.broker.rabbitmq import RabbitDoorbell
from pipeline.core.errors import BrokerUnavailable
from schemas.vocabulary import QueueName, TaskId
from tests.support.ports import free_port
from tests.support.rabbitmq import RabbitMQ
from tests.support.waiting import wait_until

PROBE = QueueName.PROBE

Listen = Callable[..., Listener]

GARBAGE = (
    b"",
    b"\xff\xfe\x00",
    b"null",
    b'{"actor_name": "ring"',
    b"[" * 100_000,
    b'{"queue_name": "x", "actor_name": "ring", "args": [], "kwargs": {}, "options": {}}',
    b'{"queue_name": "x", "actor_name": "ring", "args": [7], "kwargs": {}, "options": {}}',
    b'{"queue_name": "x", "actor_name": "reboot", "args": ["t"], "kwargs": {}, "options": {}}',
    b'{"actor_name": "ring", "args": ["' + b"t" * 5000 + b'"]}',
    pickle.dumps({"actor_name": "ring", "args": ["t"]}),
)


@pytest.fixture
def bell(rabbitmq_server: RabbitMQ, broker_prefix: str) -> Iterator[RabbitDoorbell]:
    doorbell = RabbitDoorbell(rabbitmq_server.url, prefix=broker_prefix, queue_type="classic")
    doorbell.declare([PROBE])
    yield doorbell
    doorbell.close()


@pytest.fixture
def listen(bell: RabbitDoorbell) -> Iterator[Listen]:
    listeners: list[Listener] = []

    def start(*, slots: int, on_ring: Callable[[Ring], None]) -> Listener:
        listeners.append(bell.listen([PROBE], slots=slots, on_ring=on_ring))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.stop(5)


@pytest.fixture
def channel(rabbitmq_server: RabbitMQ) -> Iterator[BlockingChannel]:
    """A stranger's channel."""
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_server.url))
    yield connection.channel()
    if connection.is_open:
        connection.close()


class Handler:
    """Notes each start and holds each task until it is released."""

    def __init__(self) -> None:
        self.started: SimpleQueue[str] = SimpleQueue()
        self.ended: SimpleQueue[str] = SimpleQueue()
        self.release: defaultdict[str, threading.Event] = defaultdict(threading.Event)

    def __call__(self, ring: Ring) -> None:
        self.started.put(ring.task_id)
        assert self.release[ring.task_id].wait(60)
        self.ended.put(ring.task_id)


def ring(task: str) -> Ring:
    return Ring(PROBE, TaskId(task))


def test_garbage_is_dropped_and_the_listener_lives(
    bell: RabbitDoorbell, listen: Listen, channel: BlockingChannel, broker_prefix: str
) -> None:
    for body in GARBAGE:
        channel.basic_publish("", f"{broker_prefix}.probe", body)
    bell.ring([ring("good")])
    heard: SimpleQueue[Ring] = SimpleQueue()

    listen(slots=2, on_ring=heard.put)

    assert heard.get(timeout=10) == ring("good")
    wait_until(lambda: bell.depth(PROBE) == 0)
    assert heard.empty()


def test_an_old_handler_does_not_acknowledge_a_new_message(
    rabbitmq_server: RabbitMQ, bell: RabbitDoorbell, listen: Listen
) -> None:
    handler = Handler()
    listen(slots=2, on_ring=handler)
    bell.ring([ring("first")])
    assert handler.started.get(timeout=10) == "first"
    # The first message was tag 1 of a channel that is no more; somebody else handles it.
    rabbitmq_server.control("close_all_connections", "test")
    other: SimpleQueue[str] = SimpleQueue()
    helper = bell.listen([PROBE], slots=1, on_ring=lambda x: other.put(x.task_id))
    assert other.get(timeout=10) == "first"
    helper.stop(5)
    # Now the second message is tag 1 of the new channel while the first still runs.
    bell.ring([ring("second")])
    assert handler.started.get(timeout=10) == "second"

    handler.release["first"].set()
    assert handler.ended.get(timeout=10) == "first"
    rabbitmq_server.control("close_all_connections", "test")

    # Unacknowledged, the second comes again; acknowledged by mistake it would be gone.
    assert handler.started.get(timeout=10) == "second"
    handler.release["second"].set()
    assert {handler.ended.get(timeout=10) for _ in range(2)} == {"second"}
    wait_until(lambda: bell.depth(PROBE) == 0)


def test_a_purged_or_deleted_queue_is_filled_again(
    bell: RabbitDoorbell, listen: Listen, channel: BlockingChannel, broker_prefix: str
) -> None:
    bell.ring([ring("a"), ring("b")])
    channel.queue_purge(f"{broker_prefix}.probe")
    assert bell.depth(PROBE) == 0

    heard: SimpleQueue[Ring] = SimpleQueue()
    listen(slots=1, on_ring=heard.put)
    bell.ring([ring("c")])
    assert heard.get(timeout=10) == ring("c")

    channel.queue_delete(f"{broker_prefix}.probe")
    bell.ring([ring("d")])
    assert heard.get(timeout=10) == ring("d")


def test_a_restart_keeps_waiting_rings_and_everybody_comes_back(
    rabbitmq_server: RabbitMQ, bell: RabbitDoorbell, listen: Listen
) -> None:
    handler = Handler()
    listen(slots=1, on_ring=handler)
    bell.ring([ring("running"), ring("waiting")])
    assert handler.started.get(timeout=10) == "running"

    rabbitmq_server.stop()
    for refused in (bell.check, lambda: bell.ring([ring("x")]), lambda: bell.depth(PROBE)):
        asked_at = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            refused()
        assert time.monotonic() - asked_at < 3
    rabbitmq_server.start()

    bell.ring([ring("after")])
    for task in ("running", "waiting", "after"):
        handler.release[task].set()
    # The one that ran was never acknowledged, so it rings again: the claim will find nothing.
    ended = [handler.ended.get(timeout=20) for _ in range(4)]
    assert sorted(ended) == ["after", "running", "running", "waiting"]
    wait_until(lambda: bell.depth(PROBE) == 0)


def test_a_frozen_broker_is_reported_and_forgotten_when_it_thaws(
    rabbitmq_server: RabbitMQ, bell: RabbitDoorbell
) -> None:
    bell.ring([ring("before")])
    rabbitmq_server.pause()
    try:
        asked_at = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            bell.ring([ring("during")])
        took_s = time.monotonic() - asked_at
    finally:
        rabbitmq_server.resume()

    assert took_s < 8
    bell.ring([ring("after")])
    assert bell.depth(PROBE) >= 2


def test_queues_of_another_type_are_named_in_the_error(
    rabbitmq_server: RabbitMQ, bell: RabbitDoorbell, broker_prefix: str
) -> None:
    other = RabbitDoorbell(rabbitmq_server.url, prefix=broker_prefix, queue_type="quorum")
    with pytest.raises(BrokerUnavailable, match="x-queue-type"):
        other.declare([PROBE])
    other.close()


def test_a_ring_that_finds_no_queue_is_reported(bell: RabbitDoorbell, broker_prefix: str) -> None:
    with pytest.raises(BrokerUnavailable, match="refused 1 of 2"):
        bell._publisher.publish([(f"{broker_prefix}.probe", b"a"), (f"{broker_prefix}.no", b"b")])
    assert bell.depth(PROBE) == 1


def test_a_large_batch_is_confirmed(bell: RabbitDoorbell) -> None:
    bell.ring([ring(f"task-{n}") for n in range(1700)])
    assert bell.depth(PROBE) == 1700


def test_no_broker_at_all_is_reported_at_once() -> None:
    url = f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F"
    doorbell = RabbitDoorbell(url, prefix="test", queue_type="classic")
    listener = doorbell.listen([PROBE], slots=1, on_ring=lambda _: None)
    with pytest.raises(BrokerUnavailable):
        doorbell.check()
    listener.stop(5)
    doorbell.close()


def test_an_idle_publisher_leaves_before_it_misses_heartbeats(
    rabbitmq_server: RabbitMQ, bell: RabbitDoorbell
) -> None:
    bell.ring([ring("a")])
    wait_until(lambda: bell._publisher._link is None, timeout_s=8)
    bell.ring([ring("b")])
    assert bell.depth(PROBE) == 2
