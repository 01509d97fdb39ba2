"""Where a broadcast is cut: pieces of every rung become sets of segments of the same stretch."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

#: How far rungs may be apart where they are cut.
_NEAR_S = Fraction(8, 1000)

#: A picture is held so long; behind a longer gap a new part begins.
HELD_MS = 10_000

Content = TypeVar("Content")
Content_co = TypeVar("Content_co", covariant=True)


class Misaligned(Exception):  # no error of ours: the part is made anew
    """A rung has no keyframe where another was cut, or none where it has to be."""


@dataclass(frozen=True)
class Piece(Generic[Content_co]):
    """What lies between two keyframes of a rung; times on the clock of the broadcast."""

    start_s: Fraction
    end_s: Fraction
    content: Content_co
    #: A keyframe follows, so that it may be cut there.
    is_closed: bool = True


@dataclass(frozen=True)
class Cut(Generic[Content_co]):
    """One stretch in every rung."""

    start_s: Fraction
    end_s: Fraction
    #: By rung, in order.
    pieces: Mapping[str, tuple[Piece[Content_co], ...]]


class Cutter(Generic[Content]):
    """Collects pieces of rungs that have keyframes at the same times; the first decides."""

    def __init__(
        self, names: Sequence[str], *, least_s: Fraction, most_s: Fraction | None = None
    ) -> None:
        """Cut at the first keyframe of the first rung at least so long after the last cut.

        Where that is too late, at the last one before; ``most_s``: longer is no stretch.
        """
        self._waiting: dict[str, deque[Piece[Content]]] = {name: deque() for name in names}
        self._first = names[0]
        self._least_s = least_s
        self._most_s = most_s

    def add(self, name: str, piece: Piece[Content]) -> None:
        """Take the next piece of a rung."""
        self._waiting[name].append(piece)

    def cuts(self) -> list[Cut[Content]]:
        """Take out the stretches that every rung has whole.

        Raises:
            Misaligned: a rung cannot be cut where the others are, or none can in time.
        """
        found = []
        while (border_s := self._border_s()) is not None and self._is_whole(border_s):
            found.append(self._take(border_s))
        return found

    def rest(self) -> list[Cut[Content]]:
        """Take out what is left, when no more will come."""
        try:
            found = self.cuts()
        except Misaligned:
            # What is left is short, and ends here.
            found = []
        border_s = self._last_border_s()
        if border_s is not None and self._can_take(border_s):
            found.append(self._take(border_s))
        if all(self._waiting.values()):
            found.append(self._take(None))
        return found

    def _last_border_s(self) -> Fraction | None:
        """Find where what is left falls in two, if it is too long for one."""
        waiting = self._waiting[self._first]
        if self._most_s is None or not waiting:
            return None
        latest_s = waiting[0].start_s + self._most_s
        if waiting[-1].end_s <= latest_s:
            return None
        early = [one.end_s for one in waiting if one.is_closed and one.end_s <= latest_s]
        return early[-1] if early else None

    def _can_take(self, border_s: Fraction) -> bool:
        try:
            return self._is_whole(border_s)
        except Misaligned:
            return False

    def _border_s(self) -> Fraction | None:
        waiting = self._waiting[self._first]
        if not waiting:
            return None
        begun_s = waiting[0].start_s
        closed = [piece.end_s for piece in waiting if piece.is_closed]
        border_s = next((end_s for end_s in closed if end_s >= begun_s + self._least_s), None)
        if border_s is None or self._most_s is None or border_s <= begun_s + self._most_s:
            return border_s
        early = [end_s for end_s in closed if end_s <= begun_s + self._most_s]
        if not early:
            raise Misaligned
        return early[-1]

    def _is_whole(self, border_s: Fraction) -> bool:
        is_whole = True
        for waiting in self._waiting.values():
            ends = [piece.end_s for piece in waiting if piece.is_closed]
            if any(abs(end_s - border_s) <= _NEAR_S for end_s in ends):
                continue
            if any(end_s > border_s for end_s in ends):
                raise Misaligned
            is_whole = False
        return is_whole

    def _take(self, border_s: Fraction | None) -> Cut[Content]:
        pieces = {}
        for name, waiting in self._waiting.items():
            taken = []
            while waiting and (border_s is None or waiting[0].end_s <= border_s + _NEAR_S):
                taken.append(waiting.popleft())
            pieces[name] = tuple(taken)
        first = pieces[self._first]
        return Cut(first[0].start_s, first[-1].end_s if border_s is None else border_s, pieces)
