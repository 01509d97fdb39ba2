"""What odd publishers send, made of an ordinary film: times and tags as they should not be."""

from collections.abc import Iterable, Iterator

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from tests.support.streamer import Due

_CLOCK = 2**32


def only(what: Iterable[Due], kind: MediaKind) -> Iterator[Due]:
    """Send one kind alone."""
    return ((due_ms, tag) for due_ms, tag in what if tag.kind is kind)


def jumping(what: Iterable[Due], *jumps: tuple[int, int]) -> Iterator[Due]:
    """Put the clock forward or back, from a time on: both in ms, the pace stays."""
    for due_ms, tag in what:
        by_ms = sum(ms for from_ms, ms in jumps if due_ms >= from_ms)
        yield due_ms, Tag(tag.kind, (tag.timestamp_ms + by_ms) % _CLOCK, tag.payload)


def silent(what: Iterable[Due], from_ms: int, until_ms: int) -> Iterator[Due]:
    """Send nothing for a while, as if the encoder had gone on."""
    return ((due_ms, tag) for due_ms, tag in what if not from_ms <= due_ms < until_ms)


def changing(one: Iterable[Due], other: Iterable[Due], at_ms: int) -> Iterator[Due]:
    """Go on with another film from a time on, with its own headers, on the same clock."""
    for due_ms, tag in one:
        if due_ms >= at_ms:
            break
        yield due_ms, tag
    for due_ms, tag in other:
        yield at_ms + due_ms, Tag(tag.kind, at_ms + tag.timestamp_ms, tag.payload)
