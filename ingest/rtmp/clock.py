"""One clock for a broadcast: what its publisher's clocks say, put on the session's."""

from dataclasses import dataclass, field

from pipeline.core.flv.kinds import MediaKind

#: What a jump is closed to: about a frame.
STEP_MS = 40
#: A clock that goes on by more, without time on the wall behind it, has jumped.
JUMP_MS = 1000
#: Set back by less is jitter: such tags get the time of the one before.
JITTER_MS = 250


@dataclass(frozen=True, slots=True)
class Stamped:
    """When something is, on the session's clock."""

    ms: int
    #: The publisher's clock jumped: what follows does not go on from what was before.
    is_break: bool = False


@dataclass(slots=True)
class _Track:
    """How one kind's clock lies on the session's."""

    offset_ms: int
    last_ms: int


@dataclass
class SessionClock:
    """The clock of one publisher's connection.

    Times of each kind never go back. Sound and pictures may have clocks of their own: each is
    put beside the other where it begins, and keeps its distance from then on; a jump that both
    make is closed once, so that they stay together.
    """

    #: Where the first tag lies on the session's clock.
    begin_ms: int
    _tracks: dict[MediaKind, _Track] = field(default_factory=dict)
    _front_ms: int = -1
    #: Of the clock that was looked at last; the other kind tries it first when its own fails.
    _newest_offset_ms: int = 0
    _heard_at_s: float = 0.0

    @property
    def front_ms(self) -> int:
        """The latest time given out; where nothing was, where the first will lie."""
        return max(self._front_ms, self.begin_ms)

    def stamp(self, kind: MediaKind, timestamp_ms: int, *, is_coded: bool, now_s: float) -> Stamped:
        """Put a tag on the session's clock.

        Args:
            kind: sound, pictures, data.
            timestamp_ms: by the publisher's clock, past 32 bits.
            is_coded: it is picture or sound; others say any time, and go where the clock stands.
            now_s: by a clock that never jumps.
        """
        if not is_coded:
            return Stamped(self.front_ms)
        silent_ms = int((now_s - self._heard_at_s) * 1000) if self._front_ms >= 0 else 0
        self._heard_at_s = now_s
        track = self._tracks.get(kind)
        if track is None:
            return self._first(kind, timestamp_ms, silent_ms)
        latest_ms = self.front_ms + JUMP_MS + silent_ms
        for offset_ms in (track.offset_ms, self._newest_offset_ms):
            ms = timestamp_ms + offset_ms
            if track.last_ms - JITTER_MS <= ms <= latest_ms:
                return self._take(track, offset_ms, max(ms, track.last_ms))
        ms = self.front_ms + STEP_MS
        return self._take(track, ms - timestamp_ms, ms, is_break=True)

    def _first(self, kind: MediaKind, timestamp_ms: int, silent_ms: int) -> Stamped:
        ms = timestamp_ms + self._newest_offset_ms
        if not self._tracks:
            ms = self.begin_ms
        elif abs(ms - self.front_ms) > JUMP_MS + silent_ms:
            ms = self.front_ms
        # Before the beginning nothing can be.
        offset_ms, ms = ms - timestamp_ms, max(ms, self.begin_ms)
        track = self._tracks[kind] = _Track(offset_ms, ms)
        return self._take(track, offset_ms, ms)

    def _take(self, track: _Track, offset_ms: int, ms: int, *, is_break: bool = False) -> Stamped:
        track.offset_ms, track.last_ms = offset_ms, ms
        self._newest_offset_ms = offset_ms
        self._front_ms = max(self._front_ms, ms)
        return Stamped(ms, is_break)
