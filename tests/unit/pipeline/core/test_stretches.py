"""Stretches cover the asset once, at segment borders."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import stretches
from schemas.plan import Grid

RATES = st.sampled_from([Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60)])


@given(rate=RATES, segment_s=st.integers(1, 20), n_frames=st.integers(1, 2_000_000))
def test_stretches_cover_the_asset_once_at_segment_borders(
    rate: Fraction, segment_s: int, n_frames: int
) -> None:
    segment_frames = round(segment_s * rate)
    grid = Grid(
        frame_rate=rate,
        n_frames=n_frames,
        segment_frames=segment_frames,
        source_start_s=Fraction(0),
    )
    cut = stretches.cut(n_frames / rate, grid)

    assert [each.index for each in cut] == list(range(cut[0].n_stretches))
    assert cut[0].start_s == 0
    assert cut[-1].end_s == pytest.approx(float(n_frames / rate))
    for before, after in pairwise(cut):
        assert before.end_s == after.start_s
        n_segments = before.end_s * rate / segment_frames
        assert float(n_segments) == pytest.approx(round(n_segments))
    assert all(each.end_s - each.start_s <= stretches.LONGEST_S * 1.25 + 1 for each in cut)


def test_sound_alone_is_cut_at_whole_seconds() -> None:
    cut = stretches.cut(Fraction(950), None)

    assert [(each.start_s, each.end_s) for each in cut] == [
        (0.0, 300.0),
        (300.0, 600.0),
        (600.0, 950.0),
    ]
