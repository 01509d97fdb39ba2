"""Uploads that are cut off again and again, and a ledger of what that cost."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Event
from urllib.parse import urlsplit

from tests.support.padded import PaddedFilm
from tests.support.wire import BODY_TYPE, CutKind, Wire, WireError, create, offset_when_free

_PATCH = {"Content-Type": BODY_TYPE}
#: Cut by the end of the server, or of its patience, instead of by us.
KILLED = "killed"
_BACK_WITHIN_S = 30.0


@dataclass
class Ledger:
    """What was sent, and what of it had to be sent again after which kind of cut."""

    size_bytes: int = 0
    sent_bytes: int = 0
    lost_bytes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @property
    def n_cuts(self) -> int:
        return sum(map(len, self.lost_bytes.values()))

    @property
    def resent_bytes(self) -> int:
        return sum(map(sum, self.lost_bytes.values()))

    @property
    def worst_bytes(self) -> int:
        """The most one cut cost."""
        return max((max(lost) for lost in self.lost_bytes.values()), default=0)

    def add(self, other: "Ledger") -> None:
        self.size_bytes += other.size_bytes
        self.sent_bytes += other.sent_bytes
        for kind, lost in other.lost_bytes.items():
            self.lost_bytes[kind] += lost

    def __str__(self) -> str:
        kinds = ", ".join(
            f"{kind} {len(lost)}× mean {sum(lost) / len(lost):.0f} max {max(lost)} B"
            for kind, lost in sorted(self.lost_bytes.items())
        )
        percent = 100 * self.resent_bytes / max(1, self.size_bytes)
        return f"{self.n_cuts} cuts, {percent:.2f} % of {self.size_bytes} B sent again; {kinds}"


class CutUpload:
    """One upload, driven through its cuts to its end."""

    def __init__(self, url: str, film: PaddedFilm, dice: Random) -> None:
        self._film, self._dice = film, dice
        self.ledger = Ledger(size_bytes=film.size_bytes)
        #: Set: no more pauses in ``pour``.
        self.hurry = Event()
        #: Set while bytes are on their way in ``pour``.
        self.moving = Event()
        self.location = _created(url, film)

    def run(self, n_cuts: int) -> Ledger:
        """Upload with so many cuts at random bytes; the server may be killed meanwhile."""
        places = sorted(self._dice.randrange(1, self._film.size_bytes) for _ in range(n_cuts))
        offset_bytes = 0
        with ExitStack() as stalled:
            for place in places:
                kind = self._dice.choice(list(CutKind))
                offset_bytes = self._cut_at(
                    max(place, offset_bytes + 1), offset_bytes, kind, stalled
                )
            while offset_bytes < self._film.size_bytes:
                offset_bytes = self._go_on(offset_bytes)
        return self.ledger

    def pour(self, pace_bps: float) -> Ledger:
        """Upload in one go, no faster than a pace, over as many connections as it takes."""
        offset_bytes = 0
        while offset_bytes < self._film.size_bytes:
            offset_bytes = self._go_on(offset_bytes, pace_bps)
        return self.ledger

    def _cut_at(self, place: int, offset_bytes: int, kind: CutKind, stalled: ExitStack) -> int:
        """Send up to a byte, cut there, and return what the server has then."""
        end_byte = min(place, self._film.size_bytes - 1)
        sent_bytes = 0
        with _away_is_a_cut():
            wire = stalled.enter_context(self._begin(offset_bytes))
            sent_bytes = wire.send(self._film.read(offset_bytes, end_byte))
            wire.cut(kind)
        is_whole = sent_bytes == end_byte - offset_bytes
        return self._note(kind if is_whole else KILLED, offset_bytes, sent_bytes)

    def _go_on(self, offset_bytes: int, pace_bps: float = 0.0) -> int:
        """Send all the rest, as far as that goes."""
        sent_bytes = 0
        with _away_is_a_cut(), self._begin(offset_bytes) as wire:
            for block in self._film.blocks(offset_bytes):
                n_sent = wire.send(block)
                sent_bytes += n_sent
                if n_sent < len(block):
                    break
                self.moving.set()
                if pace_bps:
                    self.hurry.wait(len(block) / pace_bps)
            if wire.answer().status == 204:
                self.ledger.sent_bytes += sent_bytes
                return offset_bytes + sent_bytes
        return self._note(KILLED, offset_bytes, sent_bytes)

    def _begin(self, offset_bytes: int) -> Wire:
        wire = Wire(self.location)
        left_bytes = self._film.size_bytes - offset_bytes
        fields = {"Upload-Offset": str(offset_bytes), "Content-Length": str(left_bytes)}
        wire.begin("PATCH", urlsplit(self.location).path, {**_PATCH, **fields})
        return wire

    def _note(self, kind: str, offset_bytes: int, sent_bytes: int) -> int:
        self.moving.clear()
        kept_bytes = offset_when_free(self.location)
        lost_bytes = offset_bytes + sent_bytes - kept_bytes
        # What was safe stays; and nothing is counted that never came.
        assert 0 <= lost_bytes <= sent_bytes, (kind, offset_bytes, kept_bytes, sent_bytes)
        self.ledger.sent_bytes += sent_bytes
        self.ledger.lost_bytes[kind].append(lost_bytes)
        return kept_bytes


def _created(url: str, film: PaddedFilm) -> str:
    """Announce it, to a server that may just be on its way back."""
    give_up_at = time.monotonic() + _BACK_WITHIN_S
    while True:
        try:
            return create(url, film.size_bytes, {"filename": "film.mp4"})
        except (OSError, WireError):
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)


@contextmanager
def _away_is_a_cut() -> Iterator[None]:
    try:
        yield
    except (OSError, WireError):
        return
