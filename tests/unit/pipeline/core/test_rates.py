"""One exact rate per source."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.rates import WELL_KNOWN_RATES, frame_rate, snap

MS = Fraction(1, 1000)
NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("rate", "meant"),
    [
        (Fraction("29.97"), NTSC),
        (Fraction("23.976"), Fraction(24000, 1001)),
        (Fraction("59.94"), Fraction(60000, 1001)),
        (Fraction("30.000030"), Fraction(30)),
        (Fraction("25.002"), Fraction(25)),
        (Fraction(17), Fraction(17)),
    ],
)
def test_rates_snap_to_what_is_meant(rate: Fraction, meant: Fraction) -> None:
    assert snap(rate) == meant


@given(
    rate=st.sampled_from(WELL_KNOWN_RATES),
    n=st.integers(min_value=10, max_value=400),
    start=st.integers(min_value=-5000, max_value=5000),
)
def test_a_constant_rate_is_found_through_a_millisecond_clock(
    rate: Fraction, n: int, start: int
) -> None:
    ticks = [round((start + at) / rate / MS) for at in range(n)]

    # Containers announce the rate with a rounding error of their own.
    announced = Fraction(round(rate * 1000), 1000)
    found, is_variable = frame_rate(ticks, MS, [announced])

    assert (found, is_variable) == (rate, False)


def test_a_long_constant_source_is_exact() -> None:
    ticks = [round(at / NTSC / MS) for at in range(5000)]

    assert frame_rate(ticks, MS, [Fraction(0)]) == (NTSC, False)


def test_a_lost_frame_here_and_there_does_not_make_a_rate_variable() -> None:
    ticks = [at * 40 for at in range(1000) if at not in (200, 201, 700)]

    assert frame_rate(ticks, MS, [Fraction(25)]) == (Fraction(25), False)


def test_a_varying_pace_gets_the_rate_of_most_frames() -> None:
    ticks = [at * 40 for at in range(100)] + [4000 + at * 100 for at in range(50)]

    assert frame_rate(ticks, MS, [Fraction(1000, 1)]) == (Fraction(25), True)


def test_a_phone_that_stamps_its_frames_unsteadily_means_a_known_rate() -> None:
    # Up to 10 ms late, and a third of the time half of the frames are missing.
    late = [at * at * 7919 // 13 % 10 for at in range(600)]
    dark = range(200, 400)
    ticks = [round(at * 1000 / 30) + late[at] for at in range(600) if at not in dark or at % 2]

    assert frame_rate(ticks, MS, [Fraction(25), Fraction(1000)]) == (Fraction(30), True)


def test_one_picture_has_the_announced_rate() -> None:
    assert frame_rate([0], MS, [Fraction(0), Fraction(30)]) == (Fraction(30), False)
    assert frame_rate([], MS, [Fraction(0)]) == (Fraction(25), False)


def test_a_hole_does_not_turn_a_clocks_rounding_into_a_rate() -> None:
    # A trimmed copy in Matroska: whole milliseconds, and three frames missing before the last.
    ntsc = Fraction(24000, 1001)
    ticks = [round(frame * 1000 / ntsc) for frame in (*range(60), 63)]

    assert frame_rate(ticks, Fraction(1, 1000), [ntsc]) == (ntsc, True)
