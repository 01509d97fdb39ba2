import pytest

from pipeline.core.recording.spans import Span
from pipeline.core.recording.spool import PieceSpan, is_piece, lacks, order


def piece(number: int, from_ms: int, until_ms: int, *, epoch: int = 1) -> PieceSpan:
    return PieceSpan(epoch, number, Span(from_ms, until_ms))


TWO = (piece(0, 0, 10_000), piece(1, 10_000, 20_000))


def test_pieces_are_ordered_by_connection_then_number() -> None:
    keys = ["assets/a/spool/2-00000.flv", "assets/a/spool/10-00000.flv", "a/spool/2-00010.flv"]

    assert sorted(keys, key=order) == [keys[0], keys[2], keys[1]]
    assert not is_piece("assets/a/spool/notes.txt")
    with pytest.raises(ValueError, match="no piece"):
        order("assets/a/spool/notes.txt")


def test_nothing_lacks_where_all_that_was_told_of_is_there() -> None:
    assert lacks(TWO, told_ms=20_500, served=[Span(0, 20_400)]) is None
    assert lacks(TWO, told_ms=None, served=()) is None


def test_an_end_a_door_told_of_lacks_until_it_comes() -> None:
    assert lacks(TWO, told_ms=29_000, served=()) == "the spool ends at 20.0 s of 29.0 s"


def test_a_number_left_out_lacks() -> None:
    there = (*TWO, piece(3, 30_000, 40_000))

    assert lacks(there, told_ms=40_000, served=()) == "pieces of connection 1 are missing"
    later = (*TWO, piece(0, 30_000, 40_000, epoch=2))
    assert lacks(later, told_ms=40_000, served=()) is None


def test_the_tail_of_a_dead_door_lacks_where_viewers_got_it() -> None:
    there = (*TWO, piece(0, 60_000, 70_000, epoch=2))

    said = lacks(there, told_ms=70_000, served=[Span(0, 28_000), Span(60_000, 70_000)])

    assert said == "what was served from 20.0 s on is not in the spool"
