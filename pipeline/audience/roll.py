"""One stream's viewers, in the order in which they will be forgotten."""

from collections import OrderedDict
from collections.abc import Iterable

from pipeline.audience.port import GONE_AFTER_S, Crowd, ViewerKind


class Roll:
    """Not safe between threads. Every step costs what it changes, not how many there are.

    A kind's viewers all stay as long, so whoever was seen last is forgotten last.
    """

    def __init__(self) -> None:
        #: Viewer → when it is gone, of each kind.
        self._until: dict[ViewerKind, OrderedDict[str, float]] = {
            kind: OrderedDict() for kind in ViewerKind
        }
        self._peak = 0

    def see(self, viewers: Iterable[str], kind: ViewerKind, now_s: float) -> None:
        """Note that they are there."""
        self._forget(now_s)
        until = self._until[kind]
        for viewer in viewers:
            until[viewer] = now_s + GONE_AFTER_S[kind]
            until.move_to_end(viewer)
        self._peak = max(self._peak, self._n())

    def leave(self, viewers: Iterable[str], kind: ViewerKind) -> None:
        """Note that they are gone."""
        for viewer in viewers:
            self._until[kind].pop(viewer, None)

    def crowd(self, now_s: float, *, takes_peak: bool = False) -> Crowd:
        """Count them."""
        self._forget(now_s)
        peak = max(self._peak, self._n())
        if takes_peak:
            self._peak = self._n()
        return Crowd({kind: len(until) for kind, until in self._until.items()}, peak)

    def is_over(self, now_s: float) -> bool:
        """Tell whether nobody is there."""
        self._forget(now_s)
        return self._n() == 0

    def _n(self) -> int:
        return sum(len(until) for until in self._until.values())

    def _forget(self, now_s: float) -> None:
        for until in self._until.values():
            while until and next(iter(until.values())) <= now_s:
                until.popitem(last=False)
