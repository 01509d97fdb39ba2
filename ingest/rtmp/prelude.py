"""What whoever joins later needs first: metadata and the headers of the codecs."""

from collections.abc import Iterator

from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind

_METADATA = b"\x02\x00\x0aonMetaData"
#: A larger one passes once and is not repeated: with it each piece of the spool begins, and
#: whoever joins. What real encoders send is a tenth of it.
MAX_BYTES = 64 * 1024


class Prelude:
    """The metadata and sequence headers in force."""

    def __init__(self) -> None:
        self._metadata = b""
        self._headers: dict[MediaKind, bytes] = {}
        self._kinds: set[MediaKind] = set()

    def note(self, kind: MediaKind, payload: bytes, *, is_coded: bool = False) -> None:
        """Look at a tag that passes; one that is known to be coded is no header."""
        if is_coded and kind in self._kinds:
            return
        self._kinds.add(kind)
        if len(payload) > MAX_BYTES:
            return
        if kind is MediaKind.DATA:
            if payload.startswith(_METADATA):
                self._metadata = payload
                self._promise(tags.metadata(payload))
        elif tags.is_sequence_header(kind, payload):
            self._headers[kind] = payload

    def _promise(self, told: dict[str, object]) -> None:
        for name, kind in (("videocodecid", MediaKind.VIDEO), ("audiocodecid", MediaKind.AUDIO)):
            if told.get(name):
                self._kinds.add(kind)

    @property
    def has_video(self) -> bool:
        """Whether there are pictures, or the metadata promise some."""
        return MediaKind.VIDEO in self._kinds

    @property
    def has_audio(self) -> bool:
        """Whether there is sound, or the metadata promise some."""
        return MediaKind.AUDIO in self._kinds

    def head(self, ms: int) -> bytes:
        """Write what a file or stream begins with whose first tag has this time."""
        is_known = self.has_audio or self.has_video
        begin = tags.header(
            has_audio=self.has_audio or not is_known, has_video=self.has_video or not is_known
        )
        return b"".join((begin, *self._tags(ms)))

    def _tags(self, ms: int) -> Iterator[bytes]:
        if self._metadata:
            yield tags.tag(MediaKind.DATA, ms, self._metadata)
        for kind in (MediaKind.VIDEO, MediaKind.AUDIO):
            if kind in self._headers:
                yield tags.tag(kind, ms, self._headers[kind])
