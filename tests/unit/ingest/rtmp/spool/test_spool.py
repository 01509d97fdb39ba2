"""What is appended is on disk, in pieces that are whole, and read while it grows."""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest

from ingest.rtmp.entry import Entry
from ingest.rtmp.spool import writer as writing
from ingest.rtmp.spool.cutting import AT_ONCE
from ingest.rtmp.spool.piece import Piece, named
from ingest.rtmp.spool.recovery import recover
from ingest.rtmp.spool.shelf import Shelf
from ingest.rtmp.spool.tail import tail
from ingest.rtmp.spool.writer import SpoolWriter
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag, TagReader, is_keyframe
from tests.support.made_tags import AUDIO_HEADER, METADATA, VIDEO_HEADER, broadcast, sound
from tests.support.waiting import wait_until

FULL = Path("/dev/full")


def keep(shelf: Shelf, tags: list[Tag], *, epoch: int = 1) -> list[Piece]:
    """Write all of it."""
    finished: list[Piece] = []
    writer = SpoolWriter(shelf, epoch, finished.append, name="test")
    append(writer, tags)
    writer.close()
    writer.join(10)
    assert writer.n_lost == 0
    return finished


def append(writer: SpoolWriter, tags: list[Tag]) -> None:
    writer.append([Entry.of(tag.kind, tag.timestamp_ms, tag.payload) for tag in tags])


def read(shelf: Shelf, from_ms: int = 0) -> list[Tag]:
    """Read what is there."""
    shelf.end()
    return TagReader().receive_data(b"".join(tail(shelf, from_ms, lambda: True)))


def inside(piece: Piece) -> list[Tag]:
    return TagReader().receive_data(piece.path.read_bytes())


def test_pieces_are_whole_and_begin_at_keyframes(tmp_path: Path) -> None:
    sent = list(broadcast(seconds=35, gop=50))

    pieces = keep(Shelf(tmp_path / "s"), sent)

    assert [piece.order for piece in pieces] == [(1, 1), (1, 2), (1, 3), (1, 4)]
    assert [piece.from_ms for piece in pieces] == [0, 10_000, 20_000, 30_000]
    for before, after in pairwise(pieces):
        # Sound of the same moment comes behind its picture.
        assert before.until_ms == after.from_ms - 40 + 1
        tags = inside(after)
        assert [tag.payload for tag in tags[:3]] == [METADATA, VIDEO_HEADER, AUDIO_HEADER]
        assert is_keyframe(tags[3].kind, tags[3].payload)
        assert after.path.stat().st_size == after.size_bytes
    assert [tag for piece in pieces for tag in inside(piece)[3:]] == sent[3:]


def test_a_clock_that_races_makes_no_flood_of_pieces(tmp_path: Path) -> None:
    racing = [Tag(MediaKind.AUDIO, n * 20_000, b"\x2f" + bytes(4)) for n in range(500)]

    pieces = keep(Shelf(tmp_path / "s"), racing)

    assert AT_ONCE <= len(pieces) < AT_ONCE + 10
    assert [tag for piece in pieces for tag in inside(piece)] == racing


def test_a_piece_ends_without_keyframe_when_it_gets_too_long(tmp_path: Path) -> None:
    pieces = keep(Shelf(tmp_path / "s"), list(broadcast(seconds=45, gop=100_000)))

    assert [piece.from_ms for piece in pieces] == [0, 20_000, 40_000]


def test_sound_alone_is_cut_anywhere(tmp_path: Path) -> None:
    tags = [Tag(MediaKind.AUDIO, n * 20, sound(n)) for n in range(1500)]

    pieces = keep(Shelf(tmp_path / "s"), [Tag(MediaKind.AUDIO, 0, AUDIO_HEADER), *tags])

    assert [piece.from_ms for piece in pieces] == [0, 10_000, 20_000]


def test_metadata_without_measure_do_not_grow_with_each_piece(tmp_path: Path) -> None:
    huge = Tag(MediaKind.DATA, 0, METADATA + bytes(2**20))

    pieces = keep(Shelf(tmp_path / "s"), [huge, *list(broadcast(seconds=35, gop=50))[1:]])

    first, *others = pieces
    assert first.size_bytes > 2**20
    assert others
    assert all(piece.size_bytes < 2**20 for piece in others)


def test_readers_get_all_of_all_epochs_once(tmp_path: Path) -> None:
    first, again = list(broadcast(seconds=25)), list(broadcast(seconds=12, begin_ms=40_000))
    shelf = Shelf(tmp_path / "s")
    keep(shelf, first)
    keep(shelf, again, epoch=2)

    assert read(shelf) == [*first, *again]


@pytest.mark.parametrize(
    ("asked_ms", "begin_ms"), [(13_500, 13_000), (13_000, 13_000), (99_999, 24_000)]
)
def test_readers_begin_at_the_last_keyframe_before(
    tmp_path: Path, asked_ms: int, begin_ms: int
) -> None:
    sent = list(broadcast(seconds=25))
    shelf = Shelf(tmp_path / "s")
    keep(shelf, sent)

    tags = read(shelf, asked_ms)

    assert [tag.payload for tag in tags[:3]] == [METADATA, VIDEO_HEADER, AUDIO_HEADER]
    assert tags[3:] == [tag for tag in sent[3:] if tag.timestamp_ms >= begin_ms]


def test_it_is_read_while_it_is_written(tmp_path: Path) -> None:
    sent = list(broadcast(seconds=30))
    shelf = Shelf(tmp_path / "s")
    blocks: list[bytes] = []
    reading = Thread(target=lambda: blocks.extend(tail(shelf, 0, lambda: True)))
    reading.start()
    writer = SpoolWriter(shelf, 1, lambda _piece: None, name="test")
    append(writer, sent[:400])

    wait_until(lambda: sum(map(len, blocks)) > 10_000)
    append(writer, sent[400:])
    writer.close()
    writer.join(10)
    shelf.end()
    reading.join(10)

    assert TagReader().receive_data(b"".join(blocks)) == sent


def test_it_is_not_over_before_all_is_written(tmp_path: Path) -> None:
    sent = list(broadcast(seconds=30))
    shelf = Shelf(tmp_path / "s")
    writer = SpoolWriter(shelf, 1, lambda _piece: None, name="test")
    append(writer, sent)
    writer.close()
    shelf.end()

    assert TagReader().receive_data(b"".join(tail(shelf, 0, lambda: True))) == sent


def test_a_reader_who_is_not_wanted_any_more_ends(tmp_path: Path) -> None:
    assert list(tail(Shelf(tmp_path / "s"), 0, lambda: False)) == []


@pytest.mark.parametrize("lost_bytes", [1, 60, 130, 5000])
def test_what_a_kill_left_is_cut_at_the_last_whole_tag(tmp_path: Path, lost_bytes: int) -> None:
    sent = list(broadcast(seconds=15))
    *_, last = keep(Shelf(tmp_path / "s"), sent)
    growing = Piece(last.folder, 1, last.number, last.from_ms, last.head_bytes).path
    last.path.rename(growing)
    os.truncate(growing, growing.stat().st_size - lost_bytes)

    ((session_id, shelf),) = recover(tmp_path)

    came = read(shelf)
    assert session_id == "s"
    assert came == sent[: len(came)]
    assert len(sent) - len(came) <= lost_bytes / 50 + 1
    assert {named(path) and path.suffix for path in (tmp_path / "s").iterdir()} == {".flv"}


def test_damage_behind_a_crash_of_the_box_costs_no_more_than_itself(tmp_path: Path) -> None:
    sent = list(broadcast(seconds=5))
    (piece,) = keep(Shelf(tmp_path / "s"), sent)
    growing = Piece(piece.folder, 1, 1, 0, piece.head_bytes).path
    piece.path.rename(growing)
    with growing.open("ab") as file:
        file.write(bytes(100_000))

    ((_, shelf),) = recover(tmp_path)

    came = read(shelf)
    assert came == sent[: len(came)]
    assert len(came) > len(sent) - 200


def test_an_empty_piece_and_its_folder_go(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "s")
    shelf.begin(Piece(shelf.folder, 1, 1, 0, 13)).close()

    assert list(recover(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_costs_what_comes_meanwhile_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "RETRY_S", 0.0)
    sent = list(broadcast(seconds=24, gop=50))
    begun: list[Piece] = []
    shelf = _Filling(tmp_path / "s", fails=lambda piece: _is_second(begun, piece))
    finished: list[Piece] = []
    writer = SpoolWriter(shelf, 1, finished.append, name="test")
    append(writer, sent)
    writer.close()
    writer.join(10)

    came = read(shelf)
    kept = [tag for tag in came if tag in sent]
    # None is left out: whoever puts them together would wait for it.
    assert [piece.number for piece in finished] == [1, 2]
    assert begun[1].until_ms is not None, "readers would wait for more of it"
    assert writer.n_lost > 0
    assert len(kept) + writer.n_lost >= len(sent)
    # Whoever reads on gets the headers again: they may have changed where nothing was kept.
    assert [tag.payload for tag in came].count(VIDEO_HEADER) == 2
    assert came[-1] == sent[-1]


def _is_second(begun: list[Piece], piece: Piece) -> bool:
    begun.append(piece)
    return len(begun) == 2


class _Filling(Shelf):
    """A shelf on a disk without room for some pieces."""

    def __init__(self, folder: Path, fails: Callable[[Piece], bool]) -> None:
        super().__init__(folder)
        self._fails = fails

    def begin(self, piece: Piece) -> object:  # type: ignore[override]
        file = super().begin(piece)
        if not self._fails(piece):
            return file
        file.close()
        return FULL.open("wb", buffering=0)
