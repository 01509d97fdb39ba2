"""A minute of a broadcast, out of looks at it every few seconds."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from schemas.stream_stats import DoorFacts, LadderFacts

MINUTE_S = 60

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Look:
    """How a broadcast did at one moment."""

    #: None: nobody knew.
    viewers: int | None
    #: Most since the look before.
    peak: int | None
    #: None: its publisher was away.
    door: DoorFacts | None
    ladder: LadderFacts


@dataclass(frozen=True)
class Minute:
    """What is kept of it; None where nothing was known."""

    n_looks: int
    viewers: float | None
    most_viewers: int | None
    bitrate_bps: float | None
    frame_rate: float | None
    #: The last one, as the door's clock went.
    drift_ms: float | None
    #: Within the minute.
    dropped_frames: int | None
    ladder_speed: float | None
    #: The worst one.
    lag_ms: float | None


@dataclass
class Tally:
    """One broadcast's looks of one minute."""

    minute_at_s: int
    #: Frames a publisher had dropped when the minute began; None: not known.
    dropped_before: int | None = None
    looks: list[Look] = field(default_factory=list)

    def minute(self) -> Minute:
        """Sum up."""
        looks, doors = self.looks, [look.door for look in self.looks if look.door is not None]
        return Minute(
            n_looks=len(looks),
            viewers=_mean(look.viewers for look in looks),
            most_viewers=_most(value for look in looks for value in (look.viewers, look.peak)),
            # While its publisher is away nothing comes: that is no unknown rate.
            bitrate_bps=_mean(0 if look.door is None else look.door.bitrate_bps for look in looks),
            frame_rate=_mean(door.frame_rate for door in doors),
            drift_ms=_last(door.drift_ms for door in doors),
            dropped_frames=self._dropped(),
            ladder_speed=_mean(look.ladder.ladder_speed for look in looks),
            lag_ms=_most(look.ladder.lag_ms for look in looks),
        )

    def _counts(self) -> list[int]:
        counted = [look.door.dropped_frames for look in self.looks if look.door is not None]
        return [n for n in counted if n is not None]

    def _dropped(self) -> int | None:
        counts = self._counts()
        if not counts:
            return None
        n, before = 0, counts[0] if self.dropped_before is None else self.dropped_before
        for now in counts:
            # Each publisher's count begins at nothing.
            n += now - before if now >= before else now
            before = now
        return n

    @property
    def dropped_so_far(self) -> int | None:
        """What the next minute begins with."""
        return _last(self._counts()) if self._counts() else self.dropped_before


def minute_of(now_s: float) -> int:
    """Tell when a moment's minute began."""
    return int(now_s // MINUTE_S) * MINUTE_S


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 3) if known else None


def _most(values: Iterable[N | None]) -> N | None:
    return max((value for value in values if value is not None), default=None)


def _last(values: Iterable[N | None]) -> N | None:
    known = [value for value in values if value is not None]
    return known[-1] if known else None
