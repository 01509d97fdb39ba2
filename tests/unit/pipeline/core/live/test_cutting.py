from fractions import Fraction
from itertools import pairwise

import pytest

from pipeline.core.live.cutting import Cutter, Misaligned, Piece


def pieces(*borders_s: float, is_closed: bool = True) -> list[Piece[str]]:
    exact = [Fraction(str(border)) for border in borders_s]
    made = [Piece(start, end, f"{float(start)}") for start, end in pairwise(exact)]
    if not is_closed:
        made[-1] = Piece(made[-1].start_s, made[-1].end_s, made[-1].content, is_closed=False)
    return made


def cutter(least_s: float = 1.95, **rungs: list[Piece[str]]) -> Cutter[str]:
    made: Cutter[str] = Cutter(list(rungs), least_s=Fraction(str(least_s)))
    for name, given in rungs.items():
        for piece in given:
            made.add(name, piece)
    return made


def test_a_stretch_is_given_out_once_every_rung_has_it() -> None:
    made = cutter(high=pieces(0, 1, 2, 3, 4), low=pieces(0, 1, 2))

    (cut,) = made.cuts()

    assert (cut.start_s, cut.end_s) == (0, 2)
    assert {name: len(each) for name, each in cut.pieces.items()} == {"high": 2, "low": 2}
    assert made.cuts() == []


def test_rungs_may_be_a_little_apart() -> None:
    made = cutter(high=pieces(0, 2.002, 4.004), low=pieces(0, 2.006, 4.001))

    assert [cut.end_s for cut in made.cuts()] == [Fraction("2.002"), Fraction("4.004")]


def test_keyframes_that_come_early_do_not_cut() -> None:
    made = cutter(high=pieces(0, 0.5, 1.9, 2.4, 4.5))

    assert [(cut.start_s, cut.end_s) for cut in made.cuts()] == [
        (0, Fraction("2.4")),
        (Fraction("2.4"), Fraction("4.5")),
    ]


def test_a_rung_without_a_keyframe_there_is_noticed() -> None:
    made = cutter(high=pieces(0, 2, 4), low=pieces(0, 4))

    with pytest.raises(Misaligned):
        made.cuts()


def test_what_no_keyframe_follows_is_cut_at_the_end_alone() -> None:
    made = cutter(high=pieces(0, 2, 3.2, is_closed=False), low=pieces(0, 2, 3.1, is_closed=False))

    assert [cut.end_s for cut in made.cuts()] == [2]
    assert [(cut.start_s, cut.end_s) for cut in made.rest()] == [(2, Fraction("3.2"))]


def test_the_rest_is_given_out_where_every_rung_has_some() -> None:
    made = cutter(high=pieces(0, 1.5, is_closed=False), low=[])

    assert made.rest() == []
