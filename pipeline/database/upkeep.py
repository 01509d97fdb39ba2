"""The statements upkeep makes: what shall go, who works, who leads; see ``port``."""

from collections.abc import Sequence
from typing import Protocol

from pipeline.database.rows import QueueRow, WorkerRow
from schemas.vocabulary import QueueName, WorkerId
from schemas.workers import Capabilities


class GarbageRows(Protocol):
    """Prefixes whose objects are to go."""

    def add(self, prefix: str, *, delay_s: float) -> int: ...
    def forget(self, garbage_id: int) -> None: ...
    def due(self, limit: int, *, patience_s: float) -> list[tuple[int, str, int]]:
        """Id, prefix and how often it was swept already, of what is due for so long."""

    def postpone(self, garbage_id: int, *, delay_s: float) -> None: ...


class FleetRows(Protocol):
    """Workers, queue switches, leaders."""

    def register(
        self,
        worker_id: WorkerId,
        host: str,
        queues: Sequence[QueueName],
        slots: int,
        capabilities: Capabilities,
    ) -> None: ...
    def touch(self, worker_id: WorkerId) -> bool | None:
        """Note that the worker lives; tell whether it shall drain, None if it is unknown."""

    def drain(self, worker_id: WorkerId) -> bool: ...
    def leave(self, worker_id: WorkerId) -> None: ...
    def workers(self) -> list[WorkerRow]: ...
    def forget_silent(self, silent_s: float) -> int: ...
    def queues(self) -> list[QueueRow]: ...
    def pause(self, queue: QueueName, *, is_paused: bool) -> None: ...
    def lead(self, name: str, owner: str, ttl_s: float) -> bool:
        """Take or renew a leadership; tell whether the owner has it."""

    def resign(self, name: str, owner: str) -> None: ...
