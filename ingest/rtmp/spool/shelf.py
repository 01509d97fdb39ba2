"""The pieces of one session that lie on this box, in order; read while the last one grows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition
from typing import BinaryIO

from ingest.rtmp.spool.piece import Piece


class Shelf:
    """Written by one writer at a time, read by any thread."""

    def __init__(self, folder: Path, pieces: list[Piece] | None = None) -> None:
        self.folder = folder
        self._pieces = sorted(pieces or [], key=lambda piece: piece.order)
        self._changed = Condition()
        self._n_changes = 0
        self._is_over = False
        self._n_writers = 0

    @property
    def is_over(self) -> bool:
        """Whether this door gets nothing more of the session, and all it got is written."""
        return self._is_over and not self._n_writers

    def attach(self) -> None:
        """Have one more writer: it is not over before that one is through."""
        with self._altering():
            self._n_writers += 1

    def detach(self) -> None:
        """Have a writer less."""
        with self._altering():
            self._n_writers -= 1

    @property
    def until_ms(self) -> int:
        """Behind the last piece that is finished; 0 where there is none."""
        with self._changed:
            return max((piece.until_ms or 0 for piece in self._pieces), default=0)

    def pieces(self) -> list[Piece]:
        """List what is here."""
        with self._changed:
            return list(self._pieces)

    def begin(self, piece: Piece) -> BinaryIO:
        """Make a piece's file and put it at the end."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = piece.path.open("xb", buffering=0)
        with self._altering():
            self._pieces.append(piece)
        return file

    def grow(self, piece: Piece, n_bytes: int) -> None:
        """Let readers have so many bytes more."""
        with self._altering():
            piece.size_bytes += n_bytes

    def finish(self, piece: Piece, until_ms: int) -> None:
        """Give a piece its last name."""
        with self._altering():
            path, piece.until_ms = piece.path, until_ms
            path.rename(piece.path)

    def discard(self, piece: Piece) -> None:
        """Remove a piece's file; who reads it reads it to its end."""
        with self._altering():
            piece.path.unlink(missing_ok=True)
            self._pieces = [one for one in self._pieces if one is not piece]
            if piece.until_ms is None:
                piece.until_ms = piece.from_ms

    def note(self, piece: Piece) -> None:
        """Remember that a piece is in storage."""
        with self._altering():
            piece.is_noted = True

    def reopen(self) -> None:
        """Expect more: the session's publisher is here (again)."""
        with self._altering():
            self._is_over = False

    def end(self) -> None:
        """Let readers end behind the last byte that is still to be written."""
        with self._altering():
            self._is_over = True

    def open(self, piece: Piece) -> BinaryIO | None:
        """Open a piece for reading; None where it is gone."""
        with self._changed:
            try:
                return piece.path.open("rb")
            except FileNotFoundError:
                return None

    def after(self, piece: Piece | None) -> Piece | None:
        """Find the piece behind one; the first behind None."""
        with self._changed:
            return next(self._behind(piece), None)

    def _behind(self, piece: Piece | None) -> Iterator[Piece]:
        # Another one may have the number of one that was discarded.
        return (
            one
            for one in self._pieces
            if piece is None or (one is not piece and one.order >= piece.order)
        )

    @property
    def n_changes(self) -> int:
        """Count what has changed so far, to wait for the next."""
        return self._n_changes

    def wait(self, n_changes: int, timeout_s: float) -> None:
        """Wait until something has changed since so many changes."""
        with self._changed:
            if self._n_changes == n_changes:
                self._changed.wait(timeout_s)

    @contextmanager
    def _altering(self) -> Iterator[None]:
        with self._changed:
            yield
            self._n_changes += 1
            self._changed.notify_all()
