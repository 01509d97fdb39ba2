"""Tags of sources and outputs: said, assumed, kept or brought down."""

from typing import Any

import pytest

from pipeline.core.colors import BT709, Colors, is_rgb, kept_range, output, peak_luminance, source
from schemas.media import ContentLight
from schemas.vocabulary import DynamicRange, VideoCodec, VideoRange
from tests.support.sources import sized, video_facts

PQ = video_facts(color_transfer="smpte2084")


@pytest.mark.parametrize(
    ("size", "matrix"),
    [
        ((1920, 1080), "bt709"),
        ((1280, 534), "bt709"),
        ((720, 1280), "bt709"),
        ((720, 576), "bt470bg"),
        ((720, 480), "smpte170m"),
        ((320, 180), "smpte170m"),
    ],
)
def test_untagged_pictures_are_what_players_take_them_for(
    size: tuple[int, int], matrix: str
) -> None:
    assert source(sized(*size)).matrix == matrix


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"color_space": "bt2020nc"}, Colors("bt2020nc", "bt2020", "bt2020-10")),
        (
            {"color_space": "smpte170m", "color_transfer": "bt709"},
            Colors("smpte170m", "smpte170m", "bt709"),
        ),
        (
            {"color_space": "gbr", "color_transfer": "iec61966-2-1"},
            Colors("bt709", "bt709", "iec61966-2-1"),
        ),
        # What no encoder of ours can name is not passed on.
        ({"color_space": "ycgco", "color_primaries": "xyz"}, BT709),
        ({"color_transfer": "arib-std-b67"}, Colors("bt2020nc", "bt2020", "arib-std-b67")),
    ],
)
def test_half_a_tag_is_completed(said: dict[str, Any], expected: Colors) -> None:
    assert source(video_facts(**said)) == expected


def test_hdr_is_tagged_as_what_it_became() -> None:
    assert output(PQ, VideoRange.SDR) == BT709
    assert output(PQ, VideoRange.PQ) == source(PQ)


@pytest.mark.parametrize(
    ("codec", "wish", "expected"),
    [
        (VideoCodec.HEVC, DynamicRange.KEEP, VideoRange.PQ),
        (VideoCodec.AV1, DynamicRange.KEEP, VideoRange.PQ),
        (VideoCodec.H264, DynamicRange.KEEP, VideoRange.SDR),
        (VideoCodec.HEVC, DynamicRange.SDR, VideoRange.SDR),
    ],
)
def test_hdr_is_kept_where_wished_and_possible(
    codec: VideoCodec, wish: DynamicRange, expected: VideoRange
) -> None:
    assert kept_range(PQ, codec, wish) is expected
    assert kept_range(video_facts(), codec, wish) is VideoRange.SDR


def test_hdr_that_cannot_be_brought_down_stays_hdr() -> None:
    stuck = video_facts(color_transfer="arib-std-b67", is_tone_mappable=False)

    assert kept_range(stuck, VideoCodec.H264, DynamicRange.SDR) is VideoRange.HLG


def test_the_peak_is_what_the_picture_says_within_reason() -> None:
    assert peak_luminance(PQ) == 1000
    assert (
        peak_luminance(
            PQ.model_copy(update={"content_light": ContentLight(most=4000, most_average=0)})
        )
        == 4000
    )
    assert (
        peak_luminance(
            PQ.model_copy(update={"content_light": ContentLight(most=50, most_average=9)})
        )
        == 200
    )


def test_rgb_is_known_by_its_format_or_its_codec() -> None:
    assert is_rgb(video_facts(pixel_format="argb"))
    assert is_rgb(video_facts(pixel_format="unknown", codec="png"))
    assert not is_rgb(video_facts(pixel_format="yuv444p"))
