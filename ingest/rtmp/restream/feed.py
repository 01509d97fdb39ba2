"""Which tags a server gets that may be too slow for all of them. Pure."""

from collections.abc import Iterator

from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag, TagReader
from pipeline.core.live import marks

#: With more unsent, what comes is dropped up to a keyframe that finds less than half of it.
MAX_UNSENT_BYTES = 4 * 2**20
_CLOCK = 0xFFFFFFFF


class Feed:
    """FLV in, tags out, on a clock of their own that begins at 0."""

    def __init__(self, *, max_unsent_bytes: int = MAX_UNSENT_BYTES) -> None:
        self._max_unsent_bytes = max_unsent_bytes
        self._reader = TagReader()
        self._begun_ms: int | None = None
        self._has_video = False
        self._is_dropping = False
        #: Pictures and sounds that were not passed on.
        self.n_dropped = 0

    def take(self, data: bytes, unsent_bytes: int) -> Iterator[Tag]:
        """Tell what goes on of what has come, with so much before it still unsent.

        The first take has all since the last keyframe: it goes on whole, or is dropped whole.
        """
        for tag in self._reader.receive_data(data):
            if self._goes_on(tag, unsent_bytes):
                yield self._in_time(tag)

    def _goes_on(self, tag: Tag, unsent_bytes: int) -> bool:
        if tag.kind is MediaKind.DATA:
            return not _is_ours(tag)
        if tags.is_sequence_header(tag.kind, tag.payload):
            self._has_video |= tag.kind is MediaKind.VIDEO
            return True
        self._has_video |= tag.kind is MediaKind.VIDEO
        self._judge(tag, unsent_bytes)
        self.n_dropped += self._is_dropping
        return not self._is_dropping

    def _judge(self, tag: Tag, unsent_bytes: int) -> None:
        if unsent_bytes > self._max_unsent_bytes:
            self._is_dropping = True
        elif self._is_dropping and unsent_bytes < self._max_unsent_bytes // 2:
            begins = not self._has_video or tags.is_keyframe(tag.kind, tag.payload)
            self._is_dropping = not begins

    def _in_time(self, tag: Tag) -> Tag:
        if self._begun_ms is None:
            self._begun_ms = tag.timestamp_ms
        return Tag(tag.kind, tag.timestamp_ms - self._begun_ms & _CLOCK, tag.payload)


def _is_ours(tag: Tag) -> bool:
    """Tell a mark between our own processes from what the publisher said."""
    return marks.read_mark(tag.kind, tag.payload) is not None
