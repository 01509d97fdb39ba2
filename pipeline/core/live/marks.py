"""Marks in a session's FLV: where its clock or its publisher broke off."""

from enum import StrEnum

from pipeline.core.flv import amf0
from pipeline.core.flv.errors import ProtocolError
from pipeline.core.flv.kinds import MediaKind

#: The message that says so: data that players pass over.
NAME = "onReelmillDiscontinuity"


class Break(StrEnum):
    """Why what follows does not go on where the tag before it ended."""

    #: The publisher's clock jumped; the jump was closed to a frame's time.
    JUMP = "jump"
    #: The publisher was away, or came in by another door: the clock went on meanwhile.
    RETURN = "return"


def mark(reason: Break, *, epoch: int) -> bytes:
    """Write what a mark's tag of data holds; it stands before the first tag behind the break.

    Args:
        reason: why.
        epoch: the session's, of what follows.
    """
    return amf0.encode(NAME, {"reason": reason.value, "epoch": epoch})


def read_mark(kind: MediaKind, payload: bytes) -> Break | None:
    """Tell whether a tag is a mark, and of what."""
    if kind is not MediaKind.DATA or NAME.encode() not in payload[: len(NAME) + 3]:
        return None
    try:
        _, told = amf0.decode(payload)
        return Break(told["reason"])
    except (ProtocolError, ValueError, KeyError, TypeError):
        return None
