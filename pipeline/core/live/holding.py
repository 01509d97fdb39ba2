"""The last keyframe again and again, while sound goes on and pictures do not."""

from dataclasses import replace

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_keyframe
from pipeline.core.flv.tags import Tag

#: Sound is alone for so long before pictures count as gone: a camera that hesitates is waited
#: for, since what follows a repeated keyframe has to begin with another one.
_GONE_MS = 4_000
#: Nobody sends pictures as seldom as this.
_STILL_MS = 1_500
#: Sound that was away as well begins to be alone when it is back.
_HOLE_MS = 1_000
#: Decoders and encoders give out one picture when they get the next but a few: seldom ones would
#: come late.
_STEP_MS = 400
#: Pictures may come so far behind sound.
_BEHIND_MS = 1_500


class Holding:
    """Tags in, tags out: with keyframes repeated where nothing could be cut without."""

    def __init__(self) -> None:
        self._key: Tag | None = None
        self._shown_ms = 0
        self._alone_ms: int | None = None
        self._sound_ms = 0
        self._is_held = False
        #: Pictures were away, for longer than any usual one is shown.
        self.has_halted = False

    def passed(self, tag: Tag) -> list[Tag]:
        """Tell what is to be made of a frame: itself, nothing, or repeated keyframes as well."""
        if tag.kind is MediaKind.VIDEO:
            return [tag] if self._is_shown(tag) else []
        return [*self._repeated(tag.timestamp_ms), tag]

    def _is_shown(self, tag: Tag) -> bool:
        is_key = is_keyframe(tag.kind, tag.payload)
        if self._is_held and (not is_key or tag.timestamp_ms <= self._shown_ms):
            # It was made from pictures that a decoder no longer has.
            return False
        if self._key is not None and tag.timestamp_ms - self._shown_ms > _STILL_MS:
            self.has_halted = True
        if is_key:
            self._key = tag
        self._is_held, self._alone_ms = False, None
        self._shown_ms = max(self._shown_ms, tag.timestamp_ms)
        return True

    def _repeated(self, now_ms: int) -> list[Tag]:
        if self._alone_ms is None or now_ms - self._sound_ms > _HOLE_MS:
            self._alone_ms = now_ms
        self._sound_ms = now_ms
        if self._key is None or now_ms - self._alone_ms < _GONE_MS:
            return []
        found = []
        if not self._is_held:
            self._is_held = self.has_halted = True
            found.append(self._again(self._key, now_ms - _BEHIND_MS))
        while now_ms - self._shown_ms >= _STEP_MS + _BEHIND_MS:
            found.append(self._again(self._key, self._shown_ms + _STEP_MS))
        return found

    def _again(self, key: Tag, at_ms: int) -> Tag:
        self._shown_ms = at_ms
        return replace(key, timestamp_ms=at_ms)
