"""A tag on its way from a publisher to everybody: looked at once, written once."""

from typing import NamedTuple, Self

from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_whole


class Entry(NamedTuple):
    """A tag on the session's clock; a tuple, for there are thousands a second."""

    kind: MediaKind
    ms: int
    payload: bytes
    #: It all, as written.
    data: bytes
    #: Picture or sound, and no configuration.
    is_coded: bool
    is_keyframe: bool

    @classmethod
    def of(cls, kind: MediaKind, ms: int, payload: bytes, *, is_coded: bool | None = None) -> Self:
        """Write a tag; whether it is coded is looked up where it is not known."""
        if is_coded is None:
            is_coded = tags.is_coded(kind, payload)
        is_keyframe = is_coded and kind is MediaKind.VIDEO and is_whole(payload)
        return cls(kind, ms, payload, tags.tag(kind, ms, payload), is_coded, is_keyframe)
