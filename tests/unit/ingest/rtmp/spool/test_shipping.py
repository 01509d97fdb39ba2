"""Pieces reach storage, and leave the disk, whatever goes wrong with others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.rtmp.spool import shipping
from ingest.rtmp.spool.piece import Piece
from ingest.rtmp.spool.shelf import Shelf
from ingest.rtmp.spool.shipping import N_THREADS, Parcel, Shipper
from pipeline.database.port import Database
from pipeline.database.sql import SqlDatabase
from pipeline.services import sessions
from pipeline.storage.directory import DirectoryStore
from tests.support.broadcasting import channel, publish
from tests.support.waiting import wait_until


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = SqlDatabase(f"sqlite:///{tmp_path / 'reelmill.db'}")
    opened.migrate()
    yield opened
    opened.close()


def on_disk(folder: Path, number: int) -> Piece:
    piece = Piece(folder, 1, number, number * 1000, 0, 10, number * 1000 + 999)
    folder.mkdir(exist_ok=True)
    piece.path.write_bytes(bytes(10))
    return piece


class FaultyStore(DirectoryStore):
    """Fails in a way that nobody thought of, so many times."""

    n_left = N_THREADS + 1

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:
        if self.n_left:
            self.n_left -= 1
            raise ValueError("nobody thought of this")
        super().put_file(key, path, content_type=content_type)


def test_what_nobody_thought_of_stops_no_thread(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "FIRST_WAIT_S", 0.01)
    session = publish(database, channel(database).secret)
    shelf = Shelf(tmp_path / "s", [on_disk(tmp_path / "s", n) for n in range(1, 6)])
    shipper = Shipper(database, FaultyStore(tmp_path / "objects"), limit_bytes=2**30)
    shipper.start()
    for piece in shelf.pieces():
        shipper.send(Parcel(session.id, session.asset_id, shelf, piece))

    wait_until(lambda: len(sessions.pieces_of(database, session.id)) == len(shelf.pieces()))
    shipper.stop(within_s=5)


def test_a_piece_that_cannot_be_removed_keeps_no_other(database: Database, tmp_path: Path) -> None:
    ours, theirs = (publish(database, channel(database).secret) for _ in range(2))
    stuck, fine = (Shelf(tmp_path / n, [on_disk(tmp_path / n, 1)]) for n in ("a", "b"))
    (piece,) = stuck.pieces()
    piece.path.unlink()
    piece.path.mkdir()
    shipper = Shipper(database, DirectoryStore(tmp_path / "objects"), limit_bytes=0)
    for session, shelf in ((ours, stuck), (theirs, fine)):
        sessions.close_session(database, session.id)
        shipper.watch(session.id, shelf)
        shelf.note(shelf.pieces()[0])
        shelf.end()

    shipper.sweep(keep_s=0)

    assert fine.pieces() == []
    assert stuck.pieces() == [piece]
