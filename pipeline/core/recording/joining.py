"""What a publisher sent, put together again from the pieces of its spool.

Tags keep their times: the clock is the broadcast's, over all connections. Messages of data are
left out. Where a codec or its parameters change a new part begins, since no container that players
understand holds both; each part shows the sequence headers it needs at its beginning.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.core.flv import tags
from pipeline.core.flv.codecs import codec, facts
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_keyframe, is_sequence_header
from pipeline.core.flv.tags import Tag
from pipeline.core.recording.spans import Span

#: What a file that plays everywhere can hold as it is.
_KEPT = frozenset(
    ("h264", "hevc", "av1", "vp9", "aac", "mp3", "opus", "flac", "ac3", "eac3"),
)
#: Tags further apart than this have nothing between them.
_SLACK_MS = 1_000
#: Of pictures whose headers do not tell their size.
_USUAL_SIZE_PX = (1280, 720)


@dataclass
class Part:
    """A run of tags that one decoder reads from end to end."""

    #: What configures its decoders, by medium; of some codecs nothing does.
    headers: dict[MediaKind, bytes]
    #: Codecs of what it holds, by medium; empty where nobody knows them.
    codecs: dict[MediaKind, str] = field(default_factory=dict)
    from_ms: int = 0

    def head(self) -> bytes:
        """Write what stands before its tags."""
        has_audio, has_video = MediaKind.AUDIO in self.codecs, MediaKind.VIDEO in self.codecs
        shown = [
            tags.tag(kind, self.from_ms, payload)
            for kind, payload in self.headers.items()
            if kind in self.codecs
        ]
        return b"".join((tags.header(has_audio=has_audio, has_video=has_video), *shown))

    def size_px(self) -> tuple[int, int] | None:
        """Tell how large its pictures are, where that is cheap to read."""
        payload = self.headers.get(MediaKind.VIDEO)
        if payload is None or MediaKind.VIDEO not in self.codecs:
            return None
        told = facts(MediaKind.VIDEO, payload)
        return None if not told.width or not told.height else (told.width, told.height)


class Joining:
    """Tells of each tag, in their order, which part it belongs to."""

    def __init__(self) -> None:
        self.parts = [Part({})]
        self._sent: dict[MediaKind, list[Span]] = {}
        self._last_ms: dict[MediaKind, int] = {}

    @property
    def sent(self) -> Mapping[MediaKind, Sequence[Span]]:
        """Tell when there was anything, by medium."""
        return self._sent

    def place(self, tag: Tag) -> int | None:
        """Number the part of a tag; None for what is left out."""
        if tag.kind is MediaKind.DATA or not tag.payload:
            return None
        if is_sequence_header(tag.kind, tag.payload):
            self._configure(tag)
            return None
        self._follow_codec(tag)
        if not self._fits(tag):
            return None
        self._take(tag)
        return len(self.parts) - 1

    def _configure(self, tag: Tag) -> None:
        now = self.parts[-1]
        if now.headers.get(tag.kind) == tag.payload:
            return
        if tag.kind in now.codecs:
            self.parts.append(Part({**now.headers, tag.kind: tag.payload}))
        else:
            now.headers[tag.kind] = tag.payload

    def _follow_codec(self, tag: Tag) -> None:
        """Begin a part where a codec that nothing configures takes the place of another."""
        part, name = self.parts[-1], codec(tag.kind, tag.payload)
        if part.codecs.get(tag.kind, name) != name:
            kept = {kind: each for kind, each in part.headers.items() if kind != tag.kind}
            self.parts.append(Part(kept))

    def _fits(self, tag: Tag) -> bool:
        """Tell whether it can be decoded, and comes after what was before it."""
        if tag.timestamp_ms < self._last_ms.get(tag.kind, 0):
            return False
        has_begun = tag.kind in self.parts[-1].codecs
        return has_begun or tag.kind is MediaKind.AUDIO or is_keyframe(tag.kind, tag.payload)

    def _take(self, tag: Tag) -> None:
        part, at_ms = self.parts[-1], tag.timestamp_ms
        if not part.codecs:
            part.from_ms = at_ms
        part.codecs.setdefault(tag.kind, codec(tag.kind, tag.payload))
        self._last_ms[tag.kind] = at_ms
        spans = self._sent.setdefault(tag.kind, [])
        if spans and at_ms <= spans[-1].until_ms + _SLACK_MS:
            spans[-1] = Span(spans[-1].from_ms, at_ms + 1)
        else:
            spans.append(Span(at_ms, at_ms + 1))


def written(tags_: Iterable[Tag], joining: Joining) -> Iterator[tuple[int, bytes]]:
    """Write tags again, each with the number of its part."""
    for one in tags_:
        number = joining.place(one)
        if number is not None:
            yield number, tags.tag(one.kind, one.timestamp_ms, one.payload)


def is_one_file(parts: Sequence[Part]) -> bool:
    """Tell whether all of it can lie in one file as it was sent."""
    return len(parts) == 1 and set(parts[0].codecs.values()) <= _KEPT


def common_size_px(parts: Sequence[Part]) -> tuple[int, int]:
    """Choose the size that pictures of several sizes are brought to: the largest of them."""
    known = [size_px for size_px in (part.size_px() for part in parts) if size_px is not None]
    width, height = max(known, key=lambda px: px[0] * px[1], default=_USUAL_SIZE_PX)
    return width + width % 2, height + height % 2
