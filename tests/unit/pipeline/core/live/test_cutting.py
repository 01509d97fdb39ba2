from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.live.cutting import Cutter, Misaligned, Piece
from pipeline.core.live.lengths import OVER_S


def pieces(*borders_s: float, is_closed: bool = True) -> list[Piece[str]]:
    exact = [Fraction(str(border)) for border in borders_s]
    made = [Piece(start, end, f"{float(start)}") for start, end in pairwise(exact)]
    if not is_closed:
        made[-1] = Piece(made[-1].start_s, made[-1].end_s, made[-1].content, is_closed=False)
    return made


def cutter(least_s: float = 1.95, **rungs: list[Piece[str]]) -> Cutter[str]:
    made: Cutter[str] = Cutter(list(rungs), least_s=Fraction(str(least_s)))
    for name, some in rungs.items():
        for piece in some:
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


MOST_S = 2 + OVER_S


def test_where_the_next_keyframe_is_late_the_last_one_before_cuts() -> None:
    made: Cutter[str] = Cutter(["high"], least_s=Fraction("1.95"), most_s=MOST_S)
    for piece in pieces(0, 1, 1.9, 3.5, 5.5):
        made.add("high", piece)

    assert [cut.end_s for cut in made.cuts()] == [Fraction("1.9"), Fraction("3.5"), Fraction("5.5")]


def test_what_has_no_keyframe_in_time_is_not_cut_at_all() -> None:
    made: Cutter[str] = Cutter(["high"], least_s=Fraction("1.95"), most_s=MOST_S)
    for piece in pieces(0, 2, 4.4):
        made.add("high", piece)

    with pytest.raises(Misaligned):
        made.cuts()


@given(
    lengths_ms=st.lists(st.integers(20, int(MOST_S * 1000)), min_size=1, max_size=60),
    is_closed=st.booleans(),
)
def test_wherever_keyframes_lie_every_stretch_rounds_to_the_aimed_length_or_less(
    lengths_ms: list[int], *, is_closed: bool
) -> None:
    borders = [Fraction(ms, 1000) for ms in accumulate(lengths_ms, initial=7)]
    made: Cutter[str] = Cutter(["high", "low"], least_s=Fraction("1.95"), most_s=MOST_S)
    found = []
    for start_s, end_s in pairwise(borders):
        is_last = end_s == borders[-1]
        for name in ("high", "low"):
            made.add(name, Piece(start_s, end_s, "", is_closed=is_closed or not is_last))
        found += made.cuts()
    found += made.rest()

    assert [cut.start_s for cut in found] == [borders[0], *(cut.end_s for cut in found[:-1])]
    assert found[-1].end_s == borders[-1]
    assert all(cut.end_s - cut.start_s <= MOST_S for cut in found)
    assert MOST_S + Fraction(1024, 8000) < Fraction("2.5")
