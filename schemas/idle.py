"""The task that does nothing: the engine's own benchmark and drills."""

from typing import Literal

from schemas.frozen import Frozen
from schemas.vocabulary import TaskKind


class IdleParams(Frozen):
    """Do nothing for a while."""

    kind: Literal[TaskKind.IDLE] = TaskKind.IDLE
    duration_s: float = 0.0


class IdleResult(Frozen):
    """Nothing was done, in time."""

    kind: Literal[TaskKind.IDLE] = TaskKind.IDLE
