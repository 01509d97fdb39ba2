"""What the pipeline asks of a message broker.

A message says "queue Q has work, task T rang" and nothing else. Losing, duplicating or
purging messages loses and duplicates no work: the database decides at the claim.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.vocabulary import QueueName, TaskId


@dataclass(frozen=True)
class Ring:
    """One doorbell."""

    queue: QueueName
    task_id: TaskId


class Listener(Protocol):
    """Consumers of one set of queues with their threads."""

    def stop(self, timeout_s: float) -> None:
        """Take no more messages, wait for running handlers, then close.

        The caller tells the running work to stop; this only waits for it. Messages not yet
        handled go back to the broker.
        """


class Doorbell(Protocol):
    """Publishes rings and delivers them to handlers."""

    def declare(self, queues: Sequence[QueueName]) -> None:
        """Make sure the queues exist. Raises BrokerUnavailable."""

    def ring(self, rings: Sequence[Ring]) -> None:
        """Publish in order and return when the broker has confirmed every one.

        Raises:
            BrokerUnavailable: at least one is not confirmed; ringing all again is harmless.
        """

    def depth(self, queue: QueueName) -> int:
        """Count messages waiting for a consumer (not those being handled).

        Raises BrokerUnavailable.
        """

    def listen(
        self, queues: Sequence[QueueName], *, slots: int, on_ring: Callable[[Ring], None]
    ) -> Listener:
        """Handle rings of these queues on ``slots`` threads, at most one message each.

        ``on_ring`` runs on a worker thread; the message is acknowledged after it returns,
        whatever it did: it must not raise. Reconnects by itself until stopped.
        """

    def check(self) -> None:
        """Raise BrokerUnavailable unless the broker answers now."""

    def close(self) -> None:
        """Close publishing connections; listeners are stopped by their owners."""
