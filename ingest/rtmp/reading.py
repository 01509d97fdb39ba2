"""A session's FLV for a worker: from the spool, and past it while the disk takes nothing."""

from collections.abc import Callable, Iterator

from ingest.rtmp.broadcast import Broadcast
from ingest.rtmp.held import Held
from ingest.rtmp.spool.tail import LOOK_S, tail
from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag, TagReader


def reading(held: Held, from_ms: int, is_wanted: Callable[[], bool]) -> Iterator[bytes]:
    """Yield it; see ``tail``.

    Where the disk is full it goes on with what viewers get, behind what is kept: a worker that is
    slow then is cut as they are, and asks again.
    """
    has_begun = False
    for block in tail(held.shelf, from_ms, lambda: is_wanted() and not held.is_losing):
        has_begun = has_begun or bool(block)
        yield block
    if held.is_losing:
        after_ms = max(held.shelf.until_ms - 1, from_ms - 1 if not has_begun else -1)
        yield from _live(held.broadcast, after_ms, is_wanted, has_begun=has_begun)


def _live(
    broadcast: Broadcast, after_ms: int, is_wanted: Callable[[], bool], *, has_begun: bool
) -> Iterator[bytes]:
    """Yield what comes behind a time; the first has headers and all since the last keyframe."""
    subscription = broadcast.subscribe()
    reader = TagReader()
    if not has_begun:
        yield tags.header()
    try:
        while is_wanted() and (items := subscription.take(LOOK_S)) is not None:
            came = reader.receive_data(b"".join(item.data for item in items))
            yield b"".join(_written(tag) for tag in came if _is_new(tag, after_ms))
    finally:
        subscription.close()


def _is_new(tag: Tag, after_ms: int) -> bool:
    is_coded = tag.kind is not MediaKind.DATA and tags.is_coded(tag.kind, tag.payload)
    return not is_coded or tag.timestamp_ms > after_ms


def _written(tag: Tag) -> bytes:
    return tags.tag(tag.kind, tag.timestamp_ms, tag.payload)
