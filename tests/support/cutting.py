"""Uploads that are cut off again and again, and a ledger of what that cost."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from tests.support.padded import PaddedFilm
from tests.support.wire import CutKind, Wire, WireError, create, offset_when_free

_PATCH = {"Content-Type": "application/offset+octet-stream"}
_LAST_TRIES = 20


@dataclass
class Ledger:
    """What was sent, and what of it had to be sent again after which kind of cut."""

    size_bytes: int = 0
    sent_bytes: int = 0
    n_cuts: int = 0
    lost_bytes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

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
        self.n_cuts += other.n_cuts
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
        self.location = create(url, film.size_bytes, {"filename": "film.mp4"})
        #: Called before each attempt, with the bytes that arrived: a test may kill the server.
        self.before_attempt: Callable[[], None] = lambda: None

    def run(self, n_cuts: int) -> Ledger:
        """Upload with so many cuts at random bytes."""
        places = sorted(self._dice.randrange(1, self._film.size_bytes) for _ in range(n_cuts))
        with ExitStack() as stalled:
            for place in places:
                self.before_attempt()
                wire = self._send_until(place, kind := self._dice.choice(list(CutKind)))
                if kind is CutKind.STALL and wire is not None:
                    stalled.enter_context(wire)
            self._finish()
        return self.ledger

    def _send_until(self, place: int, kind: CutKind) -> Wire | None:
        offset_bytes = offset_when_free(self.location)
        sent_bytes, wire = offset_bytes, None
        with _away_is_a_cut():
            wire = self._begin(offset_bytes)
            sent_bytes += wire.send(self._film.read(offset_bytes, max(place, offset_bytes + 1)))
            wire.cut(kind)
        self._note(kind, offset_bytes, sent_bytes)
        return wire

    def _begin(self, offset_bytes: int) -> Wire:
        wire = Wire(self.location)
        left_bytes = self._film.size_bytes - offset_bytes
        fields = {"Upload-Offset": str(offset_bytes), "Content-Length": str(left_bytes)}
        wire.begin("PATCH", urlsplit(self.location).path, {**_PATCH, **fields})
        return wire

    def _note(self, kind: str, offset_bytes: int, sent_bytes: int) -> None:
        kept_bytes = offset_when_free(self.location)
        assert offset_bytes <= kept_bytes <= sent_bytes, (
            kind,
            offset_bytes,
            kept_bytes,
            sent_bytes,
        )
        self.ledger.n_cuts += 1
        self.ledger.sent_bytes += sent_bytes - offset_bytes
        self.ledger.lost_bytes[kind].append(sent_bytes - kept_bytes)

    def _finish(self) -> None:
        for _ in range(_LAST_TRIES):
            offset_bytes = offset_when_free(self.location)
            if offset_bytes == self._film.size_bytes:
                return
            with _away_is_a_cut(), self._begin(offset_bytes) as wire:
                for block in self._film.blocks(offset_bytes):
                    self.ledger.sent_bytes += wire.send(block)
                wire.answer()
        raise WireError(f"{self.location} does not come to an end")


@contextmanager
def _away_is_a_cut() -> Iterator[None]:
    try:
        yield
    except (OSError, WireError):
        return
