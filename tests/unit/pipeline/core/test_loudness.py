import pytest

from pipeline.core.loudness import Gain, Measured, corrected, first_gain, read_summary
from schemas.plan import LoudnessPlan

WISHED = LoudnessPlan(integrated_lufs=-16, true_peak_dbtp=-1.5)
SUMMARY = """[Parsed_ebur128_3 @ 0x5581] [info] Summary:

  Integrated loudness:
    I:         {} LUFS
    Threshold: -33.1 LUFS

  Loudness range:
    LRA:         4.2 LU

  True peak:
    Peak:       {} dBFS
"""


@pytest.mark.parametrize(
    ("integrated", "peak", "expected"),
    [
        ("-23.0", "-9.1", Measured(-23.0, -9.1)),
        ("-70.0", "-inf", Measured(-70.0, -140.0)),
        ("nan", "0.3", Measured(-140.0, 0.3)),
    ],
)
def test_the_summary_is_read(integrated: str, peak: str, expected: Measured) -> None:
    assert read_summary(SUMMARY.format(integrated, peak)) == expected
    assert read_summary("nothing was measured") is None


def test_a_plain_gain_does_where_the_peaks_allow_it() -> None:
    assert first_gain(Measured(-23.0, -9.1), WISHED) == Gain(7.0)
    assert first_gain(Measured(-10.0, 0.5), WISHED) == Gain(-6.0)
    assert first_gain(Measured(-23.0, -8.0), WISHED) == Gain(7.0, limit_dbtp=-1.5)
    assert first_gain(Measured(-70.0, -140.0), WISHED) == Gain(0.0)
    assert first_gain(Measured(-65.0, -60.0), WISHED).gain_db == 40


def test_what_the_limiter_takes_is_given_back_until_it_is_near_enough() -> None:
    first, second = Gain(8.0, -1.5), Gain(10.0, -1.5)

    assert corrected([(first, Measured(-18.0, -1.5))], WISHED) == second
    # Two decibels brought one: the last one costs two more.
    trials = [(first, Measured(-18.0, -1.5)), (second, Measured(-17.0, -1.5))]
    assert corrected(trials, WISHED) == Gain(12.0, -1.5)
    assert corrected([(second, Measured(-16.1, -1.5))], WISHED) is None


def test_no_step_is_wild() -> None:
    falling = [(Gain(5.0, -1.5), Measured(-19.0, -1.5)), (Gain(9.0, -1.5), Measured(-21.0, -1.5))]

    assert corrected(falling, WISHED) == Gain(19.0, -1.5)
