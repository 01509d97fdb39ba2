import pytest

from pipeline.core.argv.threads import dealt
from schemas.plan import RungPlan
from schemas.vocabulary import VideoCodec

HEIGHTS = (1080, 720, 480, 360)


def rung(height_px: int) -> RungPlan:
    return RungPlan(
        name=f"{height_px}p",
        codec=VideoCodec.H264,
        width_px=height_px * 16 // 9,
        height_px=height_px,
        bitrate_bps=1_000_000,
        crf=23,
    )


@pytest.mark.parametrize(
    ("threads", "expected"),
    [(1, (1, 1, 1, 1)), (2, (1, 1, 1, 1)), (4, (2, 1, 1, 1)), (16, (9, 4, 2, 1))],
)
def test_large_rungs_get_more_threads(threads: int, expected: tuple[int, ...]) -> None:
    assert dealt(threads, [rung(height_px) for height_px in HEIGHTS]) == expected


def test_a_rung_alone_gets_them_all() -> None:
    assert dealt(3, [rung(360)]) == (3,)
