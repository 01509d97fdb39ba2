"""Writes what one publisher sends into pieces, on a thread of its own: disks may be slow."""

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Condition, Thread
from typing import BinaryIO

import structlog

from ingest.rtmp.entry import Entry
from ingest.rtmp.prelude import Prelude
from ingest.rtmp.spool.cutting import Allowance, Cutting
from ingest.rtmp.spool.piece import Piece
from ingest.rtmp.spool.shelf import Shelf
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import HEADER_BYTES

log = structlog.get_logger(__name__)

#: What a kill of this box may cost.
SYNC_S = 1.0
#: Of what the disk did not take yet; what comes on top is not kept.
MAX_WAITING_BYTES = 64 * 2**20
#: After the disk refused, the next try waits so long, and for a keyframe.
RETRY_S = 5.0
#: What comes is written so often, or once there is so much.
GATHER_S = 0.2
_GATHER_BYTES = 2**20


class SpoolWriter:
    """One publisher's; ``append`` never waits and never fails."""

    def __init__(
        self, shelf: Shelf, epoch: int, on_finished: Callable[[Piece], None], *, name: str
    ) -> None:
        self._shelf = shelf
        self._files = _Files(shelf, epoch, on_finished)
        self._waiting: deque[Entry] = deque()
        self._n_waiting_bytes = 0
        self._is_closing = False
        self._changed = Condition()
        #: Tags that were not kept: the disk was full, or too slow.
        self.n_lost = 0
        self._thread = Thread(target=self._run, name=f"spool-{name}", daemon=True)
        shelf.attach()
        self._thread.start()

    @property
    def is_losing(self) -> bool:
        """Whether the disk takes nothing just now."""
        return self._files.has_failed

    @property
    def is_running(self) -> bool:
        """Whether its thread still has something to do."""
        return self._thread.is_alive()

    def append(self, entries: Sequence[Entry]) -> None:
        """Keep tags."""
        with self._changed:
            for entry in entries:
                if self._n_waiting_bytes + len(entry.data) > MAX_WAITING_BYTES:
                    self.n_lost += 1
                    continue
                self._waiting.append(entry)
                self._n_waiting_bytes += len(entry.data)
            # Else its thread looks by itself: woken for each frame it would cost more than it does.
            if self._n_waiting_bytes >= _GATHER_BYTES:
                self._changed.notify()

    def close(self) -> None:
        """Finish with what was given; ``join`` waits for it."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until all is written and the last piece finished."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._write_all()
        finally:
            self._shelf.detach()

    def _write_all(self) -> None:
        is_last = False
        while not is_last:
            batch, is_last = self._next()
            # Nothing more may come for long: what is written must not wait for it.
            self.n_lost += self._files.write(batch) if batch else self._files.rest()
        self._files.finish()

    def _next(self) -> tuple[list[Entry], bool]:
        """Take what waits, after a while even nothing; tell whether it was the last."""
        with self._changed:
            if self._n_waiting_bytes < _GATHER_BYTES and not self._is_closing:
                self._changed.wait(GATHER_S)
            batch = list(self._waiting)
            self._waiting.clear()
            self._n_waiting_bytes = 0
            return batch, self._is_closing


class _Files:
    """The piece that grows, and its file."""

    def __init__(self, shelf: Shelf, epoch: int, on_finished: Callable[[Piece], None]) -> None:
        self._shelf = shelf
        self._epoch = epoch
        self._on_finished = on_finished
        self._prelude = Prelude()
        self._number = 0
        self._piece: Piece | None = None
        self._file: BinaryIO | None = None
        self._cutting = Cutting(0)
        self._allowance = Allowance(time.monotonic())
        self._buffer: list[bytes] = []
        #: Of the last tag that was given, and of the last that is written.
        self._last_ms = self._kept_ms = 0
        self._synced_at_s = time.monotonic()
        self._is_synced = True
        self._retry_at_s: float | None = None
        self._has_lost = False

    @property
    def has_failed(self) -> bool:
        """Whether nothing is written until the next try."""
        return self._retry_at_s is not None

    def write(self, batch: list[Entry]) -> int:
        """Write tags; tell how many were not kept."""
        n_lost = 0
        for entry in batch:
            try:
                n_lost += not self._write(entry)
            except OSError as error:
                n_lost += 1 + self._give_up(error)
            self._prelude.note(entry.kind, entry.payload, is_coded=entry.is_coded)
        return n_lost + self.rest()

    def rest(self) -> int:
        """Write what is buffered, and have the disk keep it in time; tell how many were lost."""
        try:
            self._flush()
            if time.monotonic() - self._synced_at_s >= SYNC_S:
                self._sync()
        except OSError as error:
            return self._give_up(error)
        return 0

    def _write(self, entry: Entry) -> bool:
        may_begin = entry.is_keyframe
        if not self._prelude.has_video:
            may_begin = entry.kind is MediaKind.AUDIO
        if self._retry_at_s is not None:
            if time.monotonic() < self._retry_at_s or not may_begin:
                return False
            self._retry_at_s = None
        is_due = self._cutting.is_due(entry.ms, may_begin=may_begin)
        if self._piece is None or (is_due and self._allowance.take(time.monotonic())):
            self._flush()
            self._finish()
            self._begin(entry.ms)
        self._buffer.append(entry.data)
        self._cutting.n_bytes += len(entry.data)
        self._last_ms = max(self._last_ms, entry.ms)
        return True

    def _begin(self, from_ms: int) -> None:
        number = self._number + 1
        head = self._prelude.head(from_ms)
        # Headers that are not known yet follow as tags, and readers must not pass over them.
        # Nor over those that changed while nothing was kept.
        head_bytes = HEADER_BYTES if self._has_lost else len(head)
        self._has_lost = False
        piece = Piece(self._shelf.folder, self._epoch, number, from_ms, head_bytes)
        self._file = self._shelf.begin(piece)
        self._piece, self._number = piece, number
        self._cutting, self._last_ms = Cutting(from_ms), from_ms
        self._buffer.append(head)

    def _flush(self) -> None:
        if self._piece is None or self._file is None or not self._buffer:
            return
        data = memoryview(b"".join(self._buffer))
        n_bytes = len(data)
        while data:
            data = data[self._file.write(data) :]
        self._buffer.clear()
        self._kept_ms = self._last_ms
        self._is_synced = False
        self._shelf.grow(self._piece, n_bytes)

    def _sync(self) -> None:
        """Have the disk keep what is written."""
        self._synced_at_s = time.monotonic()
        if self._file is not None and not self._is_synced:
            self._is_synced = True
            os.fdatasync(self._file.fileno())

    def finish(self) -> None:
        """Finish the piece that grows, as far as the disk lets."""
        try:
            self._flush()
            self._finish()
        except OSError as error:
            self._give_up(error)

    def _finish(self) -> None:
        piece, file = self._piece, self._file
        if piece is None or file is None:
            return
        self._sync()
        self._piece = self._file = None
        file.close()
        self._shelf.finish(piece, self._last_ms + 1)
        self._on_finished(piece)

    def _give_up(self, error: OSError) -> int:
        """Keep what is whole, and try again later: the broadcast goes on without.

        Tells how many tags were lost.
        """
        log.error("spool.lost", folder=self._shelf.folder.name, reason=error.strerror)
        n_lost, self._has_lost = len(self._buffer), True
        self._buffer.clear()
        self._retry_at_s = time.monotonic() + RETRY_S
        piece, file = self._piece, self._file
        self._piece = self._file = None
        if piece is None or file is None:
            return n_lost
        with suppress(OSError), file:
            os.ftruncate(file.fileno(), piece.size_bytes)
        with suppress(OSError):
            if piece.size_bytes > piece.head_bytes:
                self._shelf.finish(piece, self._kept_ms + 1)
                self._on_finished(piece)
            else:
                self._shelf.discard(piece)
                # A number that is left out is taken for a piece that is still to come.
                self._number -= 1
        return n_lost
