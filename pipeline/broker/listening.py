"""What both brokers share: dramatiq's worker, made safe for doorbells.

dramatiq gives the threads, the consumers' loop with its reconnecting, and the orderly
stop. Three of its habits do not fit and are replaced here:

* It acknowledges by delivery tag whatever channel is open now. Tags start again at 1 on a
  new channel, so after a reconnect a finished handler acknowledged somebody else's message.
  A :class:`RingMessage` knows its consumer, and only that one settles it.
* It prefetches per queue but has one pool of threads, so a message of one queue could sit
  behind a long task of another while a different worker idled. :class:`Slots` counts the
  threads over all queues: a message that finds none free goes back to the broker at once,
  and its queue rests until one is.
* It trusts messages: a wrong queue name or option ends its threads. Only :func:`read_ring`
  decides what a message is; dramatiq gets a clean copy.

Of its middleware none is used: retries, time limits and results are rows in our database.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import dramatiq
import structlog
from dramatiq.broker import Broker, Consumer, MessageProxy
from dramatiq.middleware import Middleware, SkipMessage

from pipeline.broker.port import Ring
from pipeline.broker.slots import Slots
from pipeline.broker.wire import ACTOR, read_ring
from schemas.vocabulary import QueueName, TaskId

#: How long an idle thread sleeps before it looks whether it shall stop.
_WAKE_MS = 250

_log = structlog.get_logger(__name__)


class RingMessage(MessageProxy):
    """A message that holds a slot and knows who must settle it."""

    def __init__(self, ring: Ring, *, name: str, consumer: "RingConsumer", tag: int) -> None:
        args = (ring.queue, ring.task_id)
        super().__init__(dramatiq.Message(name, ACTOR, args, kwargs={}, options={}))
        self.ring = ring
        self.consumer = consumer
        self.tag = tag


class RingConsumer(Consumer, ABC):
    """Takes messages from one queue while the listener has a free slot.

    Its own thread calls everything but ``ack`` and ``nack``, which come from the slots.
    """

    def __init__(self, queue: QueueName, name: str, slots: Slots, timeout_s: float) -> None:
        self.queue = queue
        self.name = name
        self.slots = slots
        self.is_closed = False
        self._timeout_s = timeout_s
        self._is_resting = False

    def __next__(self) -> RingMessage | None:
        if self._is_resting and not self._wake():
            return None
        delivery = self.receive(self._timeout_s)
        if delivery is None:
            return None
        tag, body = delivery
        if not self.slots.take():
            self._is_resting = True
            self.rest(delivery)
            return None
        return self._message(tag, body)

    def ack(self, message: MessageProxy) -> None:
        """Settle a handled message, unless it came over a channel that is gone."""
        # The slot first: with one slot the broker may answer the ack with the next message.
        self.slots.give()
        if isinstance(message, RingMessage) and message.consumer is self and not self.is_closed:
            self.settle(message.tag)

    nack = ack

    @abstractmethod
    def receive(self, timeout_s: float) -> tuple[int, bytes] | None:
        """Wait for a delivery and return its tag and body."""

    @abstractmethod
    def settle(self, tag: int) -> None:
        """Tell the broker that a message is done; from any thread, never raises."""

    @abstractmethod
    def rest(self, delivery: tuple[int, bytes]) -> None:
        """Give everything received but not taken back to the front of the queue; take no more."""

    @abstractmethod
    def resume(self) -> None:
        """Take messages again."""

    @abstractmethod
    def keep_alive(self) -> None:
        """Do what the connection needs while it rests."""

    def _wake(self) -> bool:
        if not self.slots.wait(self._timeout_s):
            self.keep_alive()
            return False
        self.resume()
        self._is_resting = False
        return True

    def _message(self, tag: int, body: bytes) -> RingMessage | None:
        ring = read_ring(self.queue, body)
        if ring is None:
            _log.warning("doorbell.garbage_dropped", queue=self.queue, n_bytes=len(body))
            self.settle(tag)
            self.slots.give()
            return None
        return RingMessage(ring, name=self.name, consumer=self, tag=tag)


class _SkipStale(Middleware):
    """Skips what waited for a thread while its connection was lost: the broker sends it again."""

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        del broker
        if isinstance(message, RingMessage) and message.consumer.is_closed:
            raise SkipMessage


class RingBroker(Broker):
    """The dramatiq side of one listener; never dramatiq's global broker.

    Args:
        queues: our queues by their names at the broker.
        open_consumer: gives a consumer of one of these names, waiting the given seconds
            for each message. Raises dramatiq's BrokerConnectionError.
    """

    def __init__(
        self, queues: Mapping[str, QueueName], open_consumer: Callable[[str, float], RingConsumer]
    ) -> None:
        super().__init__(middleware=[_SkipStale()])
        self.queues = dict(queues)
        self._open_consumer = open_consumer

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = _WAKE_MS) -> RingConsumer:
        """Open a consumer; dramatiq's idea of prefetching is ignored."""
        del prefetch
        return self._open_consumer(queue_name, timeout / 1000)

    def declare_queue(self, queue_name: str) -> None:
        """Do nothing: the queues were named at the start, and none has a twin for delays."""


class RingListener:
    """A dramatiq worker over one set of queues."""

    def __init__(self, broker: RingBroker, slots: Slots, on_ring: Callable[[Ring], None]) -> None:
        def handle(queue: QueueName, task_id: TaskId) -> None:
            on_ring(Ring(queue, task_id))

        # What `handle` raises is logged by dramatiq, and the message acknowledged.
        options: dict[str, Any] = {}
        dramatiq.Actor(
            handle,
            broker=broker,
            actor_name=ACTOR,
            queue_name=next(iter(broker.queues)),
            priority=0,
            options=options,
        )
        self._slots = slots
        self._worker = dramatiq.Worker(
            broker, worker_timeout=_WAKE_MS, worker_threads=slots.n_slots
        )
        self._worker.start()

    def stop(self, timeout_s: float) -> None:
        """Take no more, wait for running handlers, return what had not begun."""
        self._slots.close()
        self._worker.stop(timeout=round(timeout_s * 1000))


def requeued(messages: Iterable[MessageProxy]) -> list[RingMessage]:
    """Narrow what dramatiq hands back at a stop."""
    return [message for message in messages if isinstance(message, RingMessage)]
