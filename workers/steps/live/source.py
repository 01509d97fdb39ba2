"""Tags of a broadcast, from a time on, from wherever they are: its door, or pieces in storage.

A thread of its own reads ahead, so that whoever works on them never waits for a network.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from threading import Condition, Event
from types import TracebackType
from typing import Self

import structlog

from pipeline.core.errors import NotFound
from pipeline.core.flv.errors import ProtocolError
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_sequence_header
from pipeline.core.flv.tags import Tag, TagReader
from pipeline.core.live_errors import DoorAway
from workers.bench import Broadcasting, OnAir, StoredPiece

log = structlog.get_logger(__name__)

#: What is read ahead at most; the door waits beyond that.
_AHEAD_BYTES = 32 * 2**20
#: What a tag takes beside its payload.
_TAG_BYTES = 200
#: Between two looks for a door, or for what one put into storage.
_PAUSE_S = 0.25
#: A door that was away when the broadcast ended may still bring its last pieces.
_LAST_PIECES_S = 3.0
#: Silences after which a door is asked for: it may have died without a word.
_SILENCES = 2
#: A door that has only what is later than this has not all.
_NEAR_MS = 100


class Source:
    """An open source; tags come in the order of the broadcast's clock."""

    def __init__(self, broadcast: Broadcasting, from_ms: int) -> None:
        self._broadcast = broadcast
        self._from_ms = from_ms
        #: Of the last tag that was handed on.
        self._last_ms = -1
        self._ahead = _Ahead()
        self._closing = Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="live-source")
        self._reading: Future[None] | None = None

    def __enter__(self) -> Self:
        self._reading = self._pool.submit(self._read_all)
        self._reading.add_done_callback(lambda _: self._ahead.wake())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._ahead.wake()
        self._pool.shutdown(wait=False)

    @property
    def is_over(self) -> bool:
        """Whether all tags were taken and no more will come."""
        return self._has_ended() and not self._ahead

    def _has_ended(self) -> bool:
        return self._reading is not None and self._reading.done()

    def take(self, timeout_s: float) -> Tag | None:
        """Take the next tag; None where none came in time.

        Raises:
            What went wrong while reading.
        """
        found = self._ahead.take(timeout_s, self._has_ended)
        if found is None and self._reading is not None and self._has_ended():
            # What went wrong there goes wrong here.
            self._reading.result()
        return found

    def _read_all(self) -> None:
        waited_s = 0.0
        while not self._closing.is_set():
            on_air = self._broadcast.on_air()
            has_read = self._from_door(on_air)
            if has_read is None:
                # No door: what is in storage is all there is for now.
                has_read = self._from_storage(self._wanted_ms(), None)
                waited_s = 0.0 if has_read else waited_s + _PAUSE_S
                is_all = waited_s > _LAST_PIECES_S
            else:
                is_all = True
            if on_air.is_over and is_all and not has_read:
                return
            if not has_read:
                self._closing.wait(_PAUSE_S)

    def _wanted_ms(self) -> int:
        return self._from_ms if self._last_ms < 0 else self._last_ms + 1

    def _from_door(self, on_air: OnAir) -> bool | None:
        """Read what the door has; tell whether it had anything, None where it is not there."""
        wanted_ms, n_read = self._wanted_ms(), 0
        try:
            with self._broadcast.listen(on_air.door_url, wanted_ms) as blocks:
                for tag in self._fresh(self._tags_of(blocks, on_air)):
                    if not n_read and is_media(tag) and tag.timestamp_ms > wanted_ms + _NEAR_MS:
                        # It came to the broadcast late: what was before lies in storage.
                        self._from_storage(wanted_ms, tag.timestamp_ms)
                    n_read += is_media(tag)
                    if not self._hand_on(tag):
                        break
        except (DoorAway, ProtocolError) as exc:
            log.info("live.door_away", detail=exc.detail)
            return True if n_read else None
        return n_read > 0

    def _tags_of(self, blocks: Iterator[bytes], on_air: OnAir) -> Iterator[Tag]:
        reader, n_silent = TagReader(), 0
        for block in blocks:
            if self._closing.is_set():
                return
            n_silent = 0 if block else n_silent + 1
            if n_silent >= _SILENCES:
                n_silent = 0
                now = self._broadcast.on_air()
                if now.is_over or (now.epoch, now.door_url) != (on_air.epoch, on_air.door_url):
                    return
            yield from reader.receive_data(block)

    def _from_storage(self, from_ms: int, until_ms: int | None) -> bool:
        """Read pieces up to a time; tell whether there were any."""
        n_read = 0
        for piece in self._pieces(from_ms, until_ms):
            for tag in self._fresh(self._tags_in(piece)):
                if until_ms is not None and is_media(tag) and tag.timestamp_ms >= until_ms:
                    return n_read > 0
                n_read += is_media(tag)
                if not self._hand_on(tag):
                    return False
        return n_read > 0

    def _pieces(self, from_ms: int, until_ms: int | None) -> list[StoredPiece]:
        return [
            piece
            for piece in self._broadcast.pieces()
            if piece.until_ms > from_ms and (until_ms is None or piece.from_ms < until_ms)
        ]

    def _tags_in(self, piece: StoredPiece) -> Iterator[Tag]:
        reader = TagReader()
        # A piece that is damaged or gone costs its own stretch alone.
        with suppress(NotFound, ProtocolError), self._opened(piece.key) as blocks:
            for block in blocks:
                if self._closing.is_set():
                    return
                yield from reader.receive_data(block)

    def _opened(self, key: str) -> AbstractContextManager[Iterator[bytes]]:
        return self._broadcast.storage.open(key)

    def _fresh(self, tags: Iterator[Tag]) -> Iterator[Tag]:
        """Leave out what was handed on already; what configures decoders may come again."""
        last_ms = self._last_ms
        for tag in tags:
            if not is_media(tag) or tag.timestamp_ms > last_ms:
                # From the first new one on all are new, though sound and picture overlap.
                last_ms = -1 if is_media(tag) else last_ms
                yield tag

    def _hand_on(self, tag: Tag) -> bool:
        if not self._ahead.add(tag, self._closing):
            return False
        if is_media(tag):
            self._last_ms = max(self._last_ms, tag.timestamp_ms)
        return True


class _Ahead:
    """Tags that were read and not taken yet; whoever reads waits where they are many."""

    def __init__(self) -> None:
        self._tags: deque[Tag] = deque()
        self._n_bytes = 0
        self._turn = Condition()

    def __len__(self) -> int:
        with self._turn:
            return len(self._tags)

    def wake(self) -> None:
        """Let who waits look again."""
        with self._turn:
            self._turn.notify_all()

    def add(self, tag: Tag, closing: Event) -> bool:
        """Add one as there is room; tell whether it still matters."""
        with self._turn:
            while self._n_bytes > _AHEAD_BYTES and not closing.is_set():
                self._turn.wait(_PAUSE_S)
            if closing.is_set():
                return False
            self._tags.append(tag)
            self._n_bytes += held_bytes(tag)
            self._turn.notify_all()
            return True

    def take(self, timeout_s: float, has_ended: Callable[[], bool]) -> Tag | None:
        """Take the next one; None where none came in time."""
        with self._turn:
            if not self._tags and timeout_s and not has_ended():
                self._turn.wait(timeout_s)
            if not self._tags:
                return None
            tag = self._tags.popleft()
            self._n_bytes -= held_bytes(tag)
            self._turn.notify_all()
            return tag


def held_bytes(tag: Tag) -> int:
    """Tell what holding a tag takes, of which many hold next to nothing."""
    return _TAG_BYTES + len(tag.payload)


def is_media(tag: Tag) -> bool:
    """Tell whether a tag is a frame of picture or sound."""
    return tag.kind is not MediaKind.DATA and not is_sequence_header(tag.kind, tag.payload)
