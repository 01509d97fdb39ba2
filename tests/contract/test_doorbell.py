"""What every doorbell does, over memory and over a real RabbitMQ with both kinds of queue."""

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from pipeline.broker.memory import MemoryDoorbell
from pipeline.broker.port import Doorbell, Listener, Ring
from pipeline.broker.rabbitmq import RabbitDoorbell
from schemas.vocabulary import QueueName, TaskId
from tests.support.waiting import wait_until

PROBE, ENCODE = QueueName.PROBE, QueueName.ENCODE_CPU

Listen = Callable[..., Listener]


@pytest.fixture(params=["memory", "classic", "quorum"])
def bell(request: pytest.FixtureRequest, broker_prefix: str) -> Iterator[Doorbell]:
    if request.param == "memory":
        doorbell: Doorbell = MemoryDoorbell()
    else:
        url = request.getfixturevalue("rabbitmq_url")
        doorbell = RabbitDoorbell(url, prefix=broker_prefix, queue_type=request.param)
    yield doorbell
    doorbell.close()


@pytest.fixture
def listen(bell: Doorbell) -> Iterator[Listen]:
    """Listens like the doorbell and stops at the end of the test."""
    listeners: list[Listener] = []

    def start(*queues: QueueName, slots: int, on_ring: Callable[[Ring], None]) -> Listener:
        listeners.append(bell.listen(queues, slots=slots, on_ring=on_ring))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.stop(5)


class Handler:
    """Reports each ring as it starts, then holds it until released."""

    def __init__(self, *, is_held: bool = False) -> None:
        self.started: SimpleQueue[Ring] = SimpleQueue()
        self.go_on = threading.Event()
        if not is_held:
            self.go_on.set()

    def __call__(self, ring: Ring) -> None:
        self.started.put(ring)
        assert self.go_on.wait(30)

    def next(self, timeout_s: float = 10) -> Ring:
        return self.started.get(timeout=timeout_s)


def rings(queue: QueueName, n_rings: int) -> list[Ring]:
    return [Ring(queue, TaskId(f"task-{i}")) for i in range(n_rings)]


def test_a_ring_reaches_a_handler(bell: Doorbell, listen: Listen) -> None:
    handler = Handler()
    listen(PROBE, ENCODE, slots=2, on_ring=handler)

    bell.ring([Ring(ENCODE, TaskId("a"))])
    assert handler.next() == Ring(ENCODE, TaskId("a"))

    bell.ring([Ring(PROBE, TaskId("b"))])
    assert handler.next() == Ring(PROBE, TaskId("b"))


def test_rings_wait_until_somebody_listens(bell: Doorbell, listen: Listen) -> None:
    bell.ring(rings(PROBE, 500))
    assert bell.depth(PROBE) == 500

    handler = Handler()
    listen(PROBE, slots=1, on_ring=handler)

    assert [handler.next() for _ in range(500)] == rings(PROBE, 500)
    wait_until(lambda: bell.depth(PROBE) == 0)


def test_ringing_nothing_does_nothing(bell: Doorbell) -> None:
    bell.ring([])


def test_an_unknown_queue_is_empty(bell: Doorbell) -> None:
    assert bell.depth(QueueName.RECORD) == 0
    bell.declare([QueueName.RECORD, PROBE])
    bell.declare([QueueName.RECORD])
    assert bell.depth(QueueName.RECORD) == 0


def test_a_full_listener_takes_no_more_than_its_slots(bell: Doorbell, listen: Listen) -> None:
    handler = Handler(is_held=True)
    listen(PROBE, ENCODE, slots=2, on_ring=handler)

    bell.ring(rings(PROBE, 2))
    handler.next()
    handler.next()
    bell.ring([*rings(PROBE, 3), *rings(ENCODE, 3)])

    wait_until(lambda: bell.depth(PROBE) == 3 and bell.depth(ENCODE) == 3)
    assert handler.started.empty()
    handler.go_on.set()
    assert sorted(handler.next().queue for _ in range(6)) == [ENCODE] * 3 + [PROBE] * 3
    wait_until(lambda: bell.depth(PROBE) == 0 and bell.depth(ENCODE) == 0)


def test_no_message_waits_behind_a_long_task_while_a_listener_is_idle(
    bell: Doorbell, listen: Listen
) -> None:
    long, idle = Handler(is_held=True), Handler()
    listen(PROBE, ENCODE, slots=1, on_ring=long)
    bell.ring(rings(ENCODE, 1))
    long.next()
    listen(PROBE, slots=1, on_ring=idle)

    bell.ring(rings(PROBE, 10))

    assert {idle.next() for _ in range(10)} == set(rings(PROBE, 10))
    assert long.started.empty()
    long.go_on.set()


def test_no_queue_of_a_listener_starves(bell: Doorbell, listen: Listen) -> None:
    bell.ring([*rings(ENCODE, 60), *rings(PROBE, 3)])
    handler = Handler()

    listen(ENCODE, PROBE, slots=1, on_ring=handler)

    order = [handler.next().queue for _ in range(63)]
    assert order.index(PROBE) < 30


def test_slots_work_at_the_same_time(bell: Doorbell, listen: Listen) -> None:
    together = threading.Barrier(4)
    met: SimpleQueue[int] = SimpleQueue()
    listen(PROBE, slots=4, on_ring=lambda _: met.put(together.wait(10)))

    bell.ring(rings(PROBE, 8))

    assert sorted(met.get(timeout=10) for _ in range(8)) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_handler_that_raises_costs_its_message_only(bell: Doorbell, listen: Listen) -> None:
    seen: SimpleQueue[Ring] = SimpleQueue()

    def handler(ring: Ring) -> None:
        seen.put(ring)
        raise ValueError("a bug")

    listen(PROBE, slots=1, on_ring=handler)
    bell.ring(rings(PROBE, 3))

    assert [seen.get(timeout=10) for _ in range(3)] == rings(PROBE, 3)
    wait_until(lambda: bell.depth(PROBE) == 0)


def test_a_stopping_listener_waits_for_its_handlers_and_leaves_the_rest(
    bell: Doorbell, listen: Listen
) -> None:
    handler = Handler(is_held=True)
    listener = listen(PROBE, ENCODE, slots=1, on_ring=handler)
    bell.ring(rings(PROBE, 3))
    handler.next()

    stopping = threading.Thread(target=listener.stop, args=(20,))
    stopping.start()
    stopping.join(0.5)
    assert stopping.is_alive()
    handler.go_on.set()
    stopping.join(10)

    assert not stopping.is_alive()
    assert handler.started.empty()
    wait_until(lambda: bell.depth(PROBE) == 2)


def test_a_doorbell_answers_when_asked(bell: Doorbell) -> None:
    bell.check()
    bell.close()
    bell.check()
