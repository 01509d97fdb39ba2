"""Whether all that a publisher sent is in storage yet."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.core.recording.spans import Span, without

#: ``…/spool/{epoch}-{number}.flv``
_NAME = re.compile(r"/(\d+)-(\d+)\.flv$")
#: A door that is killed loses no more than this of what it told of.
_LOST_MS = 2_000
#: The warning that some of what was sent never came.
LACKING = "recording.incomplete"


@dataclass(frozen=True)
class PieceSpan:
    """Where a piece of the spool lies on the broadcast's clock."""

    epoch: int
    number: int
    span: Span


def order(key: str) -> tuple[int, int]:
    """Tell the place of a piece among the others by its name: connection, then number."""
    found = _NAME.search(key)
    if found is None:
        raise ValueError(f"{key} is no piece of a spool")
    return int(found[1]), int(found[2])


def is_piece(key: str) -> bool:
    """Tell a piece of a spool from whatever else may lie beside it."""
    return _NAME.search(key) is not None


def lacks(
    pieces: Sequence[PieceSpan], *, told_ms: int | None, served: Iterable[Span]
) -> str | None:
    """Say what has not come yet; None where nothing is known to be missing.

    Args:
        pieces: what is in storage.
        told_ms: how far the clock was when the last door spoke last; None where none did.
        served: what viewers got: it went by the same door.
    """
    hole = _hole(pieces)
    if hole is not None:
        return hole
    held = [piece.span for piece in pieces]
    end_ms = max((span.until_ms for span in held), default=0)
    if told_ms is not None and end_ms < told_ms - _LOST_MS:
        return f"the spool ends at {end_ms / 1000:.1f} s of {told_ms / 1000:.1f} s"
    return beyond(served, held)


def beyond(served: Iterable[Span], held: Iterable[Span]) -> str | None:
    """Say where viewers got what is not in storage; None where there is no such place."""
    lost = without(served, held, least_ms=_LOST_MS)
    if lost:
        return f"what was served from {lost[0].from_ms / 1000:.1f} s on is not in the spool"
    return None


def _hole(pieces: Sequence[PieceSpan]) -> str | None:
    ordered = sorted((piece.epoch, piece.number) for piece in pieces)
    for epoch, members in groupby(ordered, key=lambda each: each[0]):
        numbers = [number for _, number in members]
        if numbers[-1] - numbers[0] != len(numbers) - 1:
            return f"pieces of connection {epoch} are missing"
    return None
