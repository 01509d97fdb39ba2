"""How a part begins: its tags are held back until it is clear what they are."""

from collections import deque
from collections.abc import Iterator

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_keyframe, is_sequence_header
from pipeline.core.flv.tags import Tag
from pipeline.core.live.shape import Scout, Shape
from workers.steps.live.source import held_bytes, is_media

#: What is held back at most: whoever sends much and tells little is taken as far as it is clear.
_MOST_HELD_BYTES = 32 * 2**20


class Headers:
    """What decoders are set up by, as it changes."""

    def __init__(self) -> None:
        self._known: dict[MediaKind, Tag] = {}

    def __iter__(self) -> Iterator[Tag]:
        return iter(tuple(self._known.values()))

    def is_change(self, tag: Tag) -> bool:
        """Tell whether a header sets one up anew that was set up otherwise."""
        known = self._known.get(tag.kind)
        return known is not None and known.payload != tag.payload

    def is_known(self, tag: Tag) -> bool:
        """Tell whether a header is the one that counts."""
        known = self._known.get(tag.kind)
        return known is not None and known.payload == tag.payload

    def keep(self, tag: Tag) -> None:
        """Let a header count from now on."""
        self._known[tag.kind] = tag


class Opening:
    """Tags of a part that has not begun."""

    def __init__(self, headers: Headers, segment_s: int, *, needs_picture: bool) -> None:
        self._scout = Scout(segment_s, needs_picture=needs_picture)
        #: To be made something of, once it is clear what.
        self.heard: deque[Tag] = deque()
        self._n_bytes = 0
        for header in headers:
            self._scout.take(header)

    def add(self, tag: Tag) -> None:
        """Take the next tag; pictures before the first keyframe are of no use to anybody."""
        self._scout.take(tag)
        is_early = self._scout.first_keyframe_ms is None and tag.kind is MediaKind.VIDEO
        if is_sequence_header(tag.kind, tag.payload) or not is_media(tag):
            return
        if not is_early or is_keyframe(tag.kind, tag.payload):
            self._hold(tag)

    def _hold(self, tag: Tag) -> None:
        self.heard.append(tag)
        self._n_bytes += held_bytes(tag)
        # Sound that waits for a picture may wait for hours; what lies before it is not shown.
        while self._n_bytes > _MOST_HELD_BYTES and self._scout.first_keyframe_ms is None:
            self._n_bytes -= held_bytes(self.heard.popleft())

    def shape(self, *, is_over: bool) -> Shape | None:
        """Tell what comes; None while that is not clear."""
        is_full = self._n_bytes > _MOST_HELD_BYTES
        return self._scout.shape(is_over=is_over or is_full)

    def first_ms(self, *, is_picture: bool) -> int:
        """Tell when the part begins: with its first keyframe, or its first sound."""
        first_ms = self._scout.first_keyframe_ms
        if first_ms is not None and is_picture:
            return first_ms
        return next((tag.timestamp_ms for tag in self.heard), 0)
