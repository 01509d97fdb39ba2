"""The task that makes the recording of a broadcast whole, once it is over."""

from typing import Literal

from schemas.frozen import Frozen
from schemas.streams import SessionId
from schemas.vocabulary import AssetId, TaskKind


class RecordParams(Frozen):
    """Make what the broadcast left out, from what its publisher sent."""

    kind: Literal[TaskKind.RECORD] = TaskKind.RECORD
    asset_id: AssetId
    session_id: SessionId


class RecordResult(Frozen):
    """The recording is as whole as what came in."""

    kind: Literal[TaskKind.RECORD] = TaskKind.RECORD
