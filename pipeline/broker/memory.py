"""The doorbell of one process: queues in memory, lost with it.

Losing them is allowed: at start the sweeper rings for every ready task.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from threading import Condition

from dramatiq.broker import MessageProxy

from pipeline.broker.listening import RingBroker, RingConsumer, RingListener, requeued
from pipeline.broker.port import Listener, Ring
from pipeline.broker.slots import Slots
from pipeline.broker.wire import write_ring
from schemas.vocabulary import QueueName


class MemoryDoorbell:
    """Rings within one process. Every method is thread-safe."""

    def __init__(self) -> None:
        self._boxes = {queue: _Box() for queue in QueueName}

    def declare(self, queues: Sequence[QueueName]) -> None:
        """Do nothing: all queues exist."""

    def ring(self, rings: Sequence[Ring]) -> None:
        """Publish in order."""
        for ring in rings:
            self._boxes[ring.queue].put(write_ring(ring, ring.queue))

    def depth(self, queue: QueueName) -> int:
        """Count messages that nobody handles yet."""
        return len(self._boxes[queue])

    def listen(
        self, queues: Sequence[QueueName], *, slots: int, on_ring: Callable[[Ring], None]
    ) -> Listener:
        """Handle rings of these queues on ``slots`` threads."""
        shared = Slots(slots)

        def consumer(name: str, timeout_s: float) -> RingConsumer:
            queue = QueueName(name)
            return _MemoryConsumer(self._boxes[queue], queue, shared, timeout_s)

        broker = RingBroker({str(queue): queue for queue in queues}, consumer)
        return RingListener(broker, shared, on_ring)

    def check(self) -> None:
        """Do nothing: memory answers."""

    def close(self) -> None:
        """Do nothing: there is no connection."""


class _Box:
    """One queue."""

    def __init__(self) -> None:
        self._bodies: deque[bytes] = deque()
        self._changed = Condition()

    def __len__(self) -> int:
        return len(self._bodies)

    def put(self, body: bytes) -> None:
        with self._changed:
            self._bodies.append(body)
            self._changed.notify()

    def put_back(self, body: bytes) -> None:
        with self._changed:
            self._bodies.appendleft(body)
            self._changed.notify()

    def get(self, timeout_s: float) -> bytes | None:
        with self._changed:
            if self._changed.wait_for(lambda: self._bodies, timeout_s):
                return self._bodies.popleft()
            return None


class _MemoryConsumer(RingConsumer):
    def __init__(self, box: _Box, queue: QueueName, slots: Slots, timeout_s: float) -> None:
        super().__init__(queue, str(queue), slots, timeout_s)
        self._box = box

    def receive(self, timeout_s: float) -> tuple[int, bytes] | None:
        body = self._box.get(timeout_s)
        return None if body is None else (0, body)

    def settle(self, tag: int) -> None:
        del tag  # What was received is no longer in the box.

    def rest(self, delivery: tuple[int, bytes]) -> None:
        self._box.put_back(delivery[1])

    def resume(self) -> None:
        return

    def keep_alive(self) -> None:
        return

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Put back what no thread had begun when the listener stopped."""
        for message in reversed(requeued(messages)):
            self._box.put_back(write_ring(message.ring, self.name))
