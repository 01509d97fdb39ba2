"""The doorbell over RabbitMQ.

Queues are durable, of a type fixed by the settings, and have no dead-letter twin: a
message we do not understand is worth nothing, and a lost one is rung again.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from pipeline.broker.consuming import AmqpConsumer
from pipeline.broker.link import Link
from pipeline.broker.listening import RingBroker, RingConsumer, RingListener
from pipeline.broker.port import Listener, Ring
from pipeline.broker.publishing import Publisher
from pipeline.broker.slots import Slots
from pipeline.broker.wire import write_ring
from schemas.vocabulary import QueueName


class RabbitDoorbell:
    """Rings between processes. Every method is thread-safe.

    Args:
        url: ``amqp://`` or ``amqps://`` address.
        prefix: first part of queue names; a new one starts new queues.
        queue_type: of queues not made yet.
    """

    def __init__(self, url: str, *, prefix: str, queue_type: Literal["classic", "quorum"]) -> None:
        self._url = url
        self._prefix = prefix
        # Always said, because a virtual host can have a default of its own.
        self._arguments = {"x-queue-type": queue_type}
        self._publisher = Publisher(url)

    def declare(self, queues: Sequence[QueueName]) -> None:
        """Make sure the queues exist."""
        for queue in queues:
            self.depth(queue)

    def ring(self, rings: Sequence[Ring]) -> None:
        """Publish in order; returns when the broker has confirmed every one."""
        self.declare(list(dict.fromkeys(ring.queue for ring in rings)))
        names = [self._name(ring.queue) for ring in rings]
        letters = [(name, write_ring(ring, name)) for name, ring in zip(names, rings, strict=True)]
        self._publisher.publish(letters)

    def depth(self, queue: QueueName) -> int:
        """Count messages waiting for a consumer; a queue that is missing is made."""
        return self._publisher.ask(lambda link: link.declare(self._name(queue), self._arguments))

    def listen(
        self, queues: Sequence[QueueName], *, slots: int, on_ring: Callable[[Ring], None]
    ) -> Listener:
        """Handle rings of these queues on ``slots`` threads, over one connection per queue."""
        names = {self._name(queue): queue for queue in queues}
        shared = Slots(slots)

        def consumer(name: str, timeout_s: float) -> RingConsumer:
            consumer = AmqpConsumer(names[name], name, shared, timeout_s)
            consumer.open(self._url, self._arguments)
            return consumer

        return RingListener(RingBroker(names, consumer), shared, on_ring)

    def check(self) -> None:
        """Ask the broker something that changes nothing."""
        self._publisher.ask(Link.ping)

    def close(self) -> None:
        """Close the publishing connection."""
        self._publisher.close()

    def _name(self, queue: QueueName) -> str:
        return f"{self._prefix}.{queue}"
