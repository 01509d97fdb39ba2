import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import MediaUnsupported
from pipeline.core.ladder import fit
from pipeline.profiles import built_in
from schemas.plan import RungPlan
from schemas.profile import Rung
from schemas.vocabulary import VideoCodec
from tests.support.sources import sized, video_facts

LADDER = built_in().get("default").ladder
LENGTHS = st.integers(min_value=2, max_value=9000)


def fitted(width_px: int, height_px: int) -> tuple[RungPlan, ...]:
    return fit(LADDER, sized(width_px, height_px), VideoCodec.H264, 23)


def shapes(width_px: int, height_px: int) -> list[tuple[str, int, int, int]]:
    return [
        (rung.name, rung.width_px, rung.height_px, rung.bitrate_bps)
        for rung in fitted(width_px, height_px)
    ]


def test_full_hd_gets_the_whole_ladder() -> None:
    assert shapes(1920, 1080) == [
        ("1080p", 1920, 1080, 5_000_000),
        ("720p", 1280, 720, 2_500_000),
        ("480p", 854, 480, 1_200_000),
        ("360p", 640, 360, 800_000),
    ]


def test_a_portrait_gets_the_same_quality_standing_up() -> None:
    assert shapes(1080, 1920)[1:3] == [
        ("720p", 720, 1280, 2_500_000),
        ("480p", 480, 854, 1_200_000),
    ]


def test_a_source_between_rungs_starts_at_the_one_below_it() -> None:
    assert [name for name, *_ in shapes(1600, 900)] == ["720p", "480p", "360p"]


def test_a_source_below_the_ladder_gets_one_rung_of_its_own_even_size() -> None:
    assert shapes(427, 241) == [("240p", 426, 240, 359_000)]


def test_other_shapes_get_bits_for_their_pixels() -> None:
    four_by_three, cinema = shapes(1440, 1080)[0], shapes(2560, 1080)[0]

    assert four_by_three == ("1080p", 1440, 1080, 3_750_000)
    assert cinema == ("1080p", 2560, 1080, 6_667_000)


def test_nearly_the_usual_shape_keeps_the_bitrate() -> None:
    assert shapes(1366, 768)[0] == ("720p", 1280, 720, 2_500_000)


def test_the_size_is_the_one_a_viewer_sees() -> None:
    # Anamorphic PAL: coded 720×576, shown 1024×576.
    pal = video_facts(width_px=720, height_px=576, display_width_px=1024, display_height_px=576)

    rungs = fit(LADDER, pal, VideoCodec.H264, 23)

    assert (rungs[0].name, rungs[0].width_px, rungs[0].height_px) == ("480p", 854, 480)


def test_a_picture_of_one_pixel_is_refused() -> None:
    with pytest.raises(MediaUnsupported):
        fitted(1, 1000)


@given(LENGTHS, LENGTHS)
def test_no_rung_is_ever_above_the_source_or_odd(width_px: int, height_px: int) -> None:
    rungs = fitted(width_px, height_px)

    assert rungs
    for rung in rungs:
        assert 2 <= rung.width_px <= width_px
        assert 2 <= rung.height_px <= height_px
        assert rung.width_px % 2 == rung.height_px % 2 == 0
        assert rung.bitrate_bps >= 10_000
    assert len({rung.name for rung in rungs}) == len(rungs)


@given(LENGTHS, LENGTHS, st.sets(st.integers(min_value=16, max_value=8192), min_size=1))
def test_rungs_come_highest_first_whatever_the_ladder(
    width_px: int, height_px: int, heights_px: set[int]
) -> None:
    ladder = [
        Rung(name=f"r{height_px}", height_px=height_px, bitrate_bps=1_000_000)
        for height_px in heights_px
    ]

    rungs = fit(ladder, sized(width_px, height_px), VideoCodec.H264, 23)

    shorts = [min(rung.width_px, rung.height_px) for rung in rungs]
    assert shorts == sorted(shorts, reverse=True)
    assert shorts[0] <= min(width_px, height_px)


@given(st.integers(min_value=100, max_value=4000), st.integers(min_value=100, max_value=4000))
def test_the_shape_is_kept(width_px: int, height_px: int) -> None:
    for rung in fitted(width_px, height_px):
        # Two pixels either way come of even sizes.
        wished = rung.height_px * width_px / height_px
        assert abs(rung.width_px - wished) <= 2 * max(1.0, width_px / height_px)
