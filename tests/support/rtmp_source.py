"""A broadcast without a publisher: FLV of a file, handed to whoever joins, as a door hands it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag


@dataclass(frozen=True)
class Piece:
    """What a subscriber gets."""

    data: bytes


@dataclass
class Joined:
    """One subscriber's queue."""

    queue: "asyncio.Queue[Piece | None]" = field(default_factory=asyncio.Queue)
    was_cut: bool = False
    is_closed: bool = False

    async def get(self) -> Piece | None:
        return await self.queue.get()

    def close(self) -> None:
        self.is_closed = True


class FileSource:
    """Headers and the first keyframe at once; the rest by ``send``; ``end`` is the end."""

    def __init__(self, flv: bytes) -> None:
        found = tags.TagReader().receive_data(flv)
        begun = next(at for at, one in enumerate(found) if tags.is_keyframe(one.kind, one.payload))
        # Sound before the first keyframe is nobody's.
        self.tags = [*filter(_is_head, found[:begun]), *found[begun:]]
        self.joined: list[Joined] = []
        self._n_sent = 1 + next(
            at for at, tag in enumerate(self.tags) if tags.is_keyframe(tag.kind, tag.payload)
        )
        self._has_ended = False

    @property
    def left(self) -> Sequence[Tag]:
        """What was not sent yet."""
        return self.tags[self._n_sent :]

    def subscribe(self) -> Joined:
        joined = Joined()
        self.joined.append(joined)
        so_far = self.tags[: self._n_sent]
        keyframe = max(
            at for at, one in enumerate(so_far) if tags.is_keyframe(one.kind, one.payload)
        )
        # As old as what they stand before.
        now_ms = so_far[keyframe].timestamp_ms
        head = [Tag(one.kind, now_ms, one.payload) for one in so_far if _is_head(one)]
        begun = [one for one in so_far[keyframe:] if not _is_head(one)]
        joined.queue.put_nowait(Piece(tags.header() + _written([*head, *begun])))
        if self._has_ended:
            joined.queue.put_nowait(None)
        return joined

    def send(self, n: int | None = None, *, extra: bytes = b"") -> None:
        """Hand out the next so many tags, or all there are."""
        for tag in self.left[:n]:
            self.hand_out(_written([tag]))
            self._n_sent += 1
        if extra:
            self.hand_out(extra)

    def hand_out(self, data: bytes) -> None:
        for one in self.joined:
            one.queue.put_nowait(Piece(data))

    def end(self) -> None:
        self._has_ended = True
        for one in self.joined:
            one.queue.put_nowait(None)


def _is_head(tag: Tag) -> bool:
    return tag.kind is MediaKind.DATA or tags.is_sequence_header(tag.kind, tag.payload)


def _written(some: Sequence[Tag]) -> bytes:
    return b"".join(tags.tag(one.kind, one.timestamp_ms, one.payload) for one in some)
