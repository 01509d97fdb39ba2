"""Brings finished pieces into storage and notes them, however long either is away."""

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

import structlog

from ingest.rtmp.spool.piece import Piece
from ingest.rtmp.spool.shelf import Shelf
from pipeline.core import keys
from pipeline.core.errors import NotFound, ReelmillError
from pipeline.database.port import Database
from pipeline.database.streams import SpoolPiece
from pipeline.services import sessions
from pipeline.storage.port import ObjectStore
from schemas.streams import SessionId, SessionState
from schemas.vocabulary import AssetId

log = structlog.get_logger(__name__)

N_THREADS = 3
CONTENT_TYPE = "video/x-flv"
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 15.0
#: Pieces of a session that is over stay so long: a worker may be reading.
KEEP_S = 60.0
SWEEP_S = 10.0


@dataclass(frozen=True)
class Parcel:
    """A piece on its way."""

    session_id: SessionId
    asset_id: AssetId
    shelf: Shelf
    piece: Piece


class Shipper:
    """Threads that carry parcels, and one that clears away what is not needed any more."""

    def __init__(self, database: Database, storage: ObjectStore, *, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._database = database
        self._storage = storage
        self._parcels: queue.Queue[Parcel | None] = queue.Queue()
        self._shelves: dict[SessionId, Shelf] = {}
        self._lock = Lock()
        self._stopping = Event()
        self._threads = [
            *(Thread(target=self._carry, name="spool-ship", daemon=True) for _ in range(N_THREADS)),
            Thread(target=self._sweep_always, name="spool-sweep", daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, *, within_s: float) -> None:
        """Carry what is there, as far as that goes within the time; the rest stays on disk."""
        for _ in range(N_THREADS):
            self._parcels.put(None)
        ends_at_s = time.monotonic() + within_s
        for thread in self._threads[:N_THREADS]:
            thread.join(max(0.0, ends_at_s - time.monotonic()))
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def watch(self, session_id: SessionId, shelf: Shelf) -> None:
        """Clear this shelf away once its session is over and all of it noted."""
        with self._lock:
            self._shelves[session_id] = shelf

    def send(self, parcel: Parcel) -> None:
        """Carry a finished piece."""
        self._parcels.put(parcel)

    def _carry(self) -> None:
        while (parcel := self._parcels.get()) is not None:
            if not self._insist(lambda: self._deliver(parcel), parcel.session_id):
                return

    def _insist(self, work: Callable[[], None], session_id: SessionId) -> bool:
        """Try until it is done; tell whether it was before we were to stop."""
        wait_s = FIRST_WAIT_S
        while not self._stopping.is_set():
            try:
                work()
            except (ReelmillError, OSError) as error:
                log.warning("spool.waits", session_id=session_id, reason=_reason(error))
            except Exception:  # a dead thread would carry nothing of anybody any more
                log.exception("spool.carrying_failed", session_id=session_id)
            else:
                return True
            self._stopping.wait(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
        return False

    def _deliver(self, parcel: Parcel) -> None:
        piece = parcel.piece
        if not piece.path.exists():
            return
        key = keys.spool_key(parcel.asset_id, piece.epoch, piece.number)
        self._storage.put_file(key, piece.path, content_type=CONTENT_TYPE)
        noted = SpoolPiece(
            session_id=parcel.session_id,
            epoch=piece.epoch,
            number=piece.number,
            key=key,
            size_bytes=piece.size_bytes,
            from_ms=piece.from_ms,
            until_ms=piece.until_ms or piece.from_ms + 1,
        )
        try:
            sessions.note_piece(self._database, noted)
        except NotFound:
            # Its stream was deleted, and what belongs to it is on its way out.
            parcel.shelf.discard(piece)
        parcel.shelf.note(piece)

    def _sweep_always(self) -> None:
        while not self._stopping.wait(SWEEP_S):
            try:
                self.sweep()
            except Exception:  # a dead sweeper would let the disk fill
                log.exception("spool.sweep_failed")

    def sweep(self, *, keep_s: float = KEEP_S) -> None:
        """Clear away what is over, stored and so old."""
        with self._lock:
            shelves = dict(self._shelves)
        for session_id, shelf in shelves.items():
            try:
                self._clear(session_id, shelf, keep_s)
            except (ReelmillError, OSError) as error:
                log.warning("spool.sweep_waits", session_id=session_id, reason=_reason(error))
        self._shrink(list(shelves.values()), keep_s)

    def _shrink(self, shelves: list[Shelf], keep_s: float) -> None:
        """Let the oldest go that are stored, until the spool is as small as it has to be."""
        pieces = [(shelf, piece) for shelf in shelves for piece in shelf.pieces()]
        over_bytes = sum(piece.size_bytes for _, piece in pieces) - self._limit_bytes
        if over_bytes <= 0:
            return
        stored = [(_age_s(piece.path), shelf, piece) for shelf, piece in pieces if piece.is_noted]
        for age_s, shelf, piece in sorted(stored, key=lambda one: one[0], reverse=True):
            if over_bytes <= 0 or age_s < keep_s:
                return
            try:
                shelf.discard(piece)
            except OSError as error:
                log.warning("spool.piece_stays", folder=shelf.folder.name, reason=_reason(error))
            else:
                over_bytes -= piece.size_bytes

    def _clear(self, session_id: SessionId, shelf: Shelf, keep_s: float) -> None:
        if not shelf.is_over or not self._is_closed(session_id):
            return
        for piece in shelf.pieces():
            if piece.is_noted and _age_s(piece.path) >= keep_s:
                shelf.discard(piece)
        if not shelf.pieces():
            with self._lock:
                self._shelves.pop(session_id, None)
            remove(shelf.folder)

    def _is_closed(self, session_id: SessionId) -> bool:
        try:
            return sessions.session_of(self._database, session_id).state is SessionState.CLOSED
        except NotFound:
            return True


def remove(folder: Path) -> None:
    """Remove a folder of the spool if nothing is in it."""
    try:
        folder.rmdir()
    except OSError as error:
        log.info("spool.folder_stays", folder=folder.name, reason=error.strerror)


def _reason(error: ReelmillError | OSError) -> str:
    return error.instance_code if isinstance(error, ReelmillError) else str(error)


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return KEEP_S
