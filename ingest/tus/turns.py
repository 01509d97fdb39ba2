"""Whose turn it is: one request at a time writes to an upload, and a newer one may have its turn.

A client whose connection died comes back while the old one still waits for bytes that nobody
sends. Asking for the offset therefore ends the old request: in this process by waking its thread,
in another one by a word on the bus; one that does not let go in time loses its grant, and finds
out when it next notes what it has.
"""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

import structlog

from ingest.tus.door import Arriving
from pipeline.core.errors import ReelmillError
from pipeline.core.upload_errors import Locked
from pipeline.database.port import Database
from pipeline.database.uploads import UploadRow
from pipeline.events.port import BusMessage, EventBus
from pipeline.services.uploads import writing
from pipeline.services.uploads.writing import Taken
from schemas.uploads import UploadId, UploadWanted

log = structlog.get_logger(__name__)

#: Another process has so long to let go; then it is taken for dead.
GRACE_S = 0.6
#: A thread of this process is alive: it has so long to bring to safety what it has.
_PATIENCE_S = 10.0
#: Bytes that came so recently are of a client that is there.
_LIVE_S = 0.5
#: The same, seen from another process, which only sees what was noted: once a second or so.
_LIVE_ELSEWHERE_S = 1.5
_LOOK_S = 0.03


class Turn:
    """One request's right to write to an upload, for as long as its grant stands."""

    def __init__(self, row: UploadRow) -> None:
        self.row = row
        self.done = Event()
        self._is_stopped = False
        self._arriving: Arriving | None = None
        self._lock = Lock()

    def reads(self, arriving: Arriving) -> None:
        """Name the body it reads from, so that it can be woken."""
        with self._lock:
            self._arriving = arriving
            is_stopped = self._is_stopped
        if is_stopped:
            arriving.stop()

    def stop(self) -> None:
        """Ask it to end with what it has."""
        with self._lock:
            self._is_stopped = True
            arriving = self._arriving
        if arriving is not None:
            arriving.stop()

    def is_live(self) -> bool:
        """Tell whether its client is there: it was just let in, or bytes came just now."""
        arriving = self._arriving
        return arriving is None or (
            arriving.end is None and time.monotonic() - arriving.moved_at < _LIVE_S
        )


class Turns:
    """The turns of one process."""

    def __init__(self, database: Database, bus: EventBus) -> None:
        self._database = database
        self._bus = bus
        self._holder = f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(6)}"
        self._turns: dict[UploadId, Turn] = {}
        self._lock = Lock()
        self._subscription = bus.subscribe(self._hear)

    def close(self) -> None:
        """Let every request end with what it has, all at the same time."""
        self._subscription.close()
        with self._lock:
            turns = list(self._turns.values())
        stops = [Thread(target=turn.stop, name="turn-stop", daemon=True) for turn in turns]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()

    def _hear(self, message: BusMessage) -> None:
        if isinstance(message, UploadWanted):
            turn = self._turns.get(message.upload_id)
            if turn is not None and turn.row.epoch == message.epoch:
                # The bus must not wait for it.
                Thread(target=turn.stop, name="turn-stop", daemon=True).start()

    @contextmanager
    def turn(self, upload_id: UploadId, *, owner: str | None, is_polite: bool) -> Iterator[Turn]:
        """Have the turn; it is given back at the end. An upload that has ended needs none.

        Args:
            is_polite: whether somebody whose bytes are coming in is left alone.

        Raises:
            NotFound, Gone: the upload is not there (any more).
            Locked: it is somebody else's turn, and they are at it.
        """
        row, is_ours = self._take(upload_id, owner, is_polite=is_polite)
        turn = Turn(row)
        if not is_ours:
            yield turn
            return
        with self._lock:
            self._turns[upload_id] = turn
        try:
            yield turn
        finally:
            self._give_back(turn)

    def _give_back(self, turn: Turn) -> None:
        try:
            writing.release(self._database, turn.row.id, turn.row.epoch)
        except ReelmillError as error:
            # Whoever comes next finds that nobody of this process holds it.
            log.warning("upload.not_released", code=error.instance_code)
        finally:
            with self._lock:
                if self._turns.get(turn.row.id) is turn:
                    del self._turns[turn.row.id]
            turn.done.set()

    def _take(
        self, upload_id: UploadId, owner: str | None, *, is_polite: bool
    ) -> tuple[UploadRow, bool]:
        began = time.monotonic()
        over_epoch: int | None = None
        while True:
            taken = writing.take(
                self._database, upload_id, self._holder, owner=owner, over_epoch=over_epoch
            )
            if taken.is_ours or taken.row.holder is None:
                return taken.row, taken.is_ours
            over_epoch = self._ask(taken, time.monotonic() - began, is_polite=is_polite)

    def _ask(self, taken: Taken, waited_s: float, *, is_polite: bool) -> int | None:
        """Ask whoever has the turn for it and wait a little; name the grant to take it over."""
        row = taken.row
        if row.holder != self._holder:
            return self._ask_elsewhere(taken, waited_s, is_polite=is_polite)
        turn = self._turns.get(row.id)
        if turn is None or turn.row.epoch != row.epoch:
            # Between its grant and its entry, or given back in vain; the former takes no time.
            time.sleep(_LOOK_S)
            return row.epoch if waited_s > GRACE_S else None
        if (is_polite and turn.is_live()) or waited_s > _PATIENCE_S:
            raise _locked(row)
        turn.stop()
        turn.done.wait(_PATIENCE_S)
        return None

    def _ask_elsewhere(self, taken: Taken, waited_s: float, *, is_polite: bool) -> int | None:
        row = taken.row
        if is_polite and taken.quiet_s < _LIVE_ELSEWHERE_S:
            raise _locked(row)
        if waited_s > GRACE_S:
            return row.epoch
        self._bus.publish(UploadWanted(upload_id=row.id, epoch=row.epoch))
        time.sleep(_LOOK_S)
        return None


def _locked(row: UploadRow) -> Locked:
    return Locked(f"another request is writing to upload {row.id}")
