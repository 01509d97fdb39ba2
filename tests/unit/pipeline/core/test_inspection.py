from fractions import Fraction

import pytest

from pipeline.core.errors import MediaDamaged, OutputInvalid
from pipeline.core.fmp4 import Init, read_init
from pipeline.core.inspection import (
    Expected,
    check_init,
    check_segment,
    check_sound,
    expected_segments,
)
from schemas.plan import ChunkPlan, Grid, RungPlan
from schemas.vocabulary import VideoCodec, VideoRange
from tests.support.boxes import box, init_segment, media_segment

GRID = Grid(
    frame_rate=Fraction(30000, 1001), n_frames=10, segment_frames=4, source_start_s=Fraction(0)
)
SECOND = Expected(index=1, first_frame=4, n_frames=4, duration_s=Fraction(4004, 30000))
START_TICKS = 300_000 + 4 * 1001
GOOD = [(90, 0), (9, 2002), (5, -1001), (5, -1001)]


@pytest.fixture
def init() -> Init:
    return read_init(init_segment("avc1", box("avcC", bytes(4))))


def check(init: Init, data: bytes) -> None:
    check_segment(data, init, GRID, SECOND)


def test_a_segment_as_planned_passes(init: Init) -> None:
    check(init, media_segment(START_TICKS, GOOD))


def test_a_missing_frame_means_that_the_source_ended(init: Init) -> None:
    with pytest.raises(MediaDamaged, match=r"0\.23 s of the 0\.33 s") as caught:
        check(init, media_segment(START_TICKS, GOOD[:3]))

    assert caught.value.instance_code == "media.truncated"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (media_segment(START_TICKS, [*GOOD, (5, 0)]), "5 frames"),
        (media_segment(START_TICKS + 1001, GOOD), "off the grid"),
        (media_segment(START_TICKS, [(90, 0), (9, 3003), (5, -1001), (5, -1001)]), "off the grid"),
        (media_segment(START_TICKS, GOOD, sync=()), "keyframe"),
        (media_segment(START_TICKS, GOOD, sync=(0, 2)), "keyframe"),
        (media_segment(START_TICKS, [(90, 1001), (9, -1001), (5, 0), (5, 0)]), "before its key"),
        (media_segment(START_TICKS, [(90, 0), (0, 0), (5, 0), (5, 0)]), "empty"),
    ],
)
def test_anything_else_than_planned_is_refused(init: Init, data: bytes, said: str) -> None:
    with pytest.raises(OutputInvalid, match=said):
        check(init, data)


def test_the_segments_of_a_chunk_have_exact_lengths() -> None:
    found = expected_segments(GRID, ChunkPlan(index=1, first_frame=4, end_frame=10))

    assert [(each.index, each.first_frame, each.n_frames) for each in found] == [
        (1, 4, 4),
        (2, 8, 2),
    ]
    assert [each.duration_s for each in found] == [Fraction(4004, 30000), Fraction(2002, 30000)]


def test_a_rung_of_another_size_is_refused() -> None:
    rung = RungPlan(
        name="90p", codec=VideoCodec.H264, width_px=160, height_px=90, bitrate_bps=1, crf=23
    )

    with pytest.raises(OutputInvalid, match="320×180"):
        check_init(init_segment("avc1", box("avcC", bytes(4))), rung)


def test_a_rung_of_another_range_is_refused() -> None:
    rung = RungPlan(
        name="180p", codec=VideoCodec.H264, width_px=320, height_px=180, bitrate_bps=1, crf=23
    )
    hlg = box("avcC", bytes(4)) + box("colr", b"nclx" + bytes.fromhex("00090012000900"))
    data = init_segment("avc1", hlg)

    check_init(data, rung.model_copy(update={"video_range": VideoRange.HLG}))
    with pytest.raises(OutputInvalid, match="came out as HLG, not SDR"):
        check_init(data, rung)


def test_sound_that_follows_on_passes_and_is_measured(init: Init) -> None:
    found = check_sound(media_segment(5000, [(9, 0)] * 3), init, follows_ticks=5000)

    assert (found.start_ticks, found.end_ticks) == (5000, 8003)
    assert found.duration_s == Fraction(3003, 30_000)


@pytest.mark.parametrize("samples", [[], [(9, 0)]])
def test_sound_that_is_empty_or_jumps_is_refused(
    init: Init, samples: list[tuple[int, int]]
) -> None:
    with pytest.raises(OutputInvalid):
        check_sound(media_segment(5000, samples), init, follows_ticks=4000)


def test_keyframes_inside_a_segment_must_stand_where_they_were_planned(init: Init) -> None:
    grid = GRID.model_copy(update={"keyframes_per_segment": 2})

    check_segment(media_segment(START_TICKS, GOOD, sync=(0, 2)), init, grid, SECOND)
    for sync in ((0,), (0, 1), (0, 2, 3)):
        with pytest.raises(OutputInvalid, match="keyframes"):
            check_segment(media_segment(START_TICKS, GOOD, sync=sync), init, grid, SECOND)
