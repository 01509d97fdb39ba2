"""The task that makes the recording of a broadcast whole, once it is over."""

from typing import Literal

from schemas.frozen import Frozen
from schemas.media import MediaFacts
from schemas.streams import SessionId
from schemas.vocabulary import AssetId, TaskKind


class RecordParams(Frozen):
    """Make what the broadcast left out, from what its publisher sent."""

    kind: Literal[TaskKind.RECORD] = TaskKind.RECORD
    asset_id: AssetId
    session_id: SessionId


class RecordResult(Frozen):
    """All that was sent, as one file; its times are those of the broadcast's clock."""

    kind: Literal[TaskKind.RECORD] = TaskKind.RECORD
    key: str
    size_bytes: int
    #: Hex digest of the bytes.
    sha256: str
    facts: MediaFacts
    #: Why what viewers got is not all of it, in words for its owner; none: it is.
    faults: tuple[str, ...] = ()
    #: Unbroken stretches of what viewers got, as (from, until) in milliseconds of the clock.
    runs: tuple[tuple[int, int], ...] = ()
    #: CPU seconds of the programs it ran.
    cpu_s: float = 0.0
