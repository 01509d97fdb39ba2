"""Which rungs stay: never more bytes than the fixed ladder, never visibly worse than its best."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.worth import worth_making
from schemas.plan import RungMeasure, RungPlan
from schemas.vocabulary import VideoCodec

HEIGHTS = (1080, 720, 480, 360)
CEILINGS_BPS = (5_000_000, 2_500_000, 1_200_000, 800_000)
LADDER = tuple(
    RungPlan(
        name=f"{height}p",
        codec=VideoCodec.H264,
        width_px=height * 16 // 9 // 2 * 2,
        height_px=height,
        bitrate_bps=bitrate_bps,
        crf=23,
    )
    for height, bitrate_bps in zip(HEIGHTS, CEILINGS_BPS, strict=True)
)


def measures(*pairs: tuple[int, float]) -> list[RungMeasure]:
    return [
        RungMeasure(name=rung.name, bitrate_bps=bps, vmaf=vmaf)
        for rung, (bps, vmaf) in zip(LADDER, pairs, strict=True)
    ]


def names(rungs: tuple[RungPlan, ...]) -> list[str]:
    return [rung.name for rung in rungs]


def test_a_detailed_title_keeps_the_whole_ladder_and_its_ceilings() -> None:
    hard = measures((4_900_000, 84), (2_450_000, 76), (1_190_000, 63), (795_000, 52))

    assert worth_making(LADDER, hard) == LADDER


def test_rungs_that_look_no_better_than_a_lower_one_go() -> None:
    soft = measures((900_000, 96.9), (600_000, 96.2), (300_000, 90), (200_000, 82))

    assert names(worth_making(LADDER, soft)) == ["720p", "480p", "360p"]


def test_rungs_that_spare_nobody_anything_go() -> None:
    screen = measures((300_000, 98), (260_000, 93), (190_000, 84), (170_000, 74))

    assert names(worth_making(LADDER, screen)) == ["1080p", "480p"]


def test_an_easy_title_gets_lower_ceilings_with_room_for_its_hardest_scene() -> None:
    easy = measures((1_500_000, 97), (800_000, 92), (100_000, 84), (40_000, 74))

    assert [rung.bitrate_bps for rung in worth_making(LADDER, easy)] == [
        3_000_000,
        1_600_000,
        240_000,
        160_000,
    ]


def test_without_measures_the_ladder_is_the_fixed_one() -> None:
    assert worth_making(LADDER, ()) == LADDER
    assert worth_making(LADDER, measures((1, 1), (1, 1), (1, 1), (1, 1))[:3]) == LADDER


@given(
    st.lists(st.tuples(st.integers(1_000, 9_000_000), st.floats(0, 100)), min_size=4, max_size=4)
)
def test_what_stays_is_part_of_the_ladder_under_its_ceilings(
    pairs: list[tuple[int, float]],
) -> None:
    found = measures(*pairs)
    kept = worth_making(LADDER, found)
    fixed = {rung.name: rung for rung in LADDER}
    score = {measure.name: measure.vmaf for measure in found}

    assert kept
    for rung in kept:
        assert rung.bitrate_bps <= fixed[rung.name].bitrate_bps
        assert rung == fixed[rung.name].model_copy(update={"bitrate_bps": rung.bitrate_bps})
    # Nobody sees a difference to the best rung that was measured.
    assert score[kept[0].name] >= max(score["1080p"], score["720p"]) - 2.0
    assert kept[0].height_px >= 540
