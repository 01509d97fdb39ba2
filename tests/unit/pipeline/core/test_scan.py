"""Whole pictures, fields and film are told apart."""

from fractions import Fraction
from typing import Any

import pytest

from pipeline.core.scan import (
    fields,
    film_places_s,
    frames_per_packet,
    is_hard_telecine,
    is_video,
    judged,
    may_be_telecined,
    n_sampled,
    picture_rate,
    sample_places_s,
)
from schemas.vocabulary import Deinterlace, FieldOrder, Telecine
from tests.support.sources import video_facts

NTSC = Fraction(30000, 1001)


def frame(*, woven: bool = False, top_first: bool = False, repeats: int = 0) -> dict[str, int]:
    return {
        "interlaced_frame": int(woven),
        "top_field_first": int(top_first),
        "repeat_pict": repeats,
    }


HEVC_FIELDS = {
    "is_interlaced": True,
    "field_order": FieldOrder.BOTTOM_FIRST,
    "is_mixed_scan": False,
}


@pytest.mark.parametrize(
    ("stream", "frames", "expected"),
    [
        ({"codec_name": "h264", "field_order": "progressive"}, [frame()] * 4, {}),
        # Frames know better than headers.
        ({"codec_name": "h264", "field_order": "tt"}, [frame()] * 4, {}),
        (
            {"codec_name": "mpeg2video", "field_order": "progressive"},
            [frame(woven=True)] * 4,
            {"is_interlaced": True, "field_order": "bff", "is_mixed_scan": False},
        ),
        (
            {"codec_name": "h264"},
            [frame(), frame(woven=True, top_first=True)],
            {"is_interlaced": True, "field_order": "tff", "is_mixed_scan": True},
        ),
        # Film: every second frame asks for a field to be shown again.
        (
            {"codec_name": "mpeg2video", "field_order": "tt"},
            [frame(repeats=1), frame()] * 4,
            {"telecine": Telecine.SOFT},
        ),
        # Nothing decoded, or by a decoder that sets no flags: the header is believed.
        (
            {"codec_name": "h264", "field_order": "bb"},
            [],
            {"is_interlaced": True, "field_order": FieldOrder.BOTTOM_FIRST},
        ),
        (
            {"codec_name": "v210", "field_order": "tb"},
            [frame()] * 4,
            {"is_interlaced": True, "field_order": FieldOrder.TOP_FIRST},
        ),
        # Of HEVC frames the decoder tells nothing …
        (
            {"codec_name": "hevc", "field_order": "bt"},
            [frame()] * 4,
            {"is_interlaced": True, "field_order": FieldOrder.BOTTOM_FIRST},
        ),
        # … but of its fields, which are half as high as frames …
        (
            {"codec_name": "hevc", "width": 1920, "height": 540},
            [frame(woven=True), frame(woven=True, top_first=True)] * 2,
            {**HEVC_FIELDS, "has_separate_fields": True},
        ),
        # … where they are fields at all.
        (
            {"codec_name": "hevc", "width": 1920, "height": 1080},
            [frame(woven=True), frame(woven=True, top_first=True)] * 2,
            {**HEVC_FIELDS, "has_separate_fields": False},
        ),
        ({"codec_name": "v210"}, [frame()], {"is_interlaced": False, "field_order": None}),
    ],
)
def test_frames_tell_how_they_were_scanned(
    stream: dict[str, Any], frames: list[dict[str, int]], expected: dict[str, Any]
) -> None:
    assert fields(stream, frames) == expected


@pytest.mark.parametrize(
    ("rate", "times", "expected"),
    [
        # Fields at 50 a second are frames at 25.
        (50, ["0.0", "0.04", "0.08", "9.0", "9.04"], Fraction(1, 2)),
        (25, ["0.0", "0.04", "0.08"], Fraction(1)),
        (50, ["0.0"], Fraction(1)),
    ],
)
def test_fields_in_packets_of_their_own_are_no_frames(
    rate: int, times: list[str], expected: Fraction
) -> None:
    frames = [{"pts_time": time} for time in times]

    assert frames_per_packet(Fraction(rate), [*frames, {}]) == expected


def stretch(repeats: str, kind: str = "tff") -> list[tuple[str, str]]:
    names = {"n": "neither", "t": "top", "b": "bottom"}
    return [(names[each], kind) for each in repeats]


FILM, VIDEO, STILL = stretch("nntnb" * 12), stretch("n" * 60), stretch("n" * 60, "undetermined")


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([FILM], True),
        # Any phase, either field first, and a little noise.
        ([stretch("bnntn" * 12), stretch("nbntn" * 11 + "nbnnn")], True),
        ([FILM, STILL, FILM], True),
        ([FILM, VIDEO], False),
        ([VIDEO, VIDEO], False),
        ([STILL], False),
        # Still pictures repeat every field: no cadence.
        ([stretch("tb" * 30, "progressive")], False),
        ([FILM[:10]], False),
        ([], False),
    ],
)
def test_film_is_what_keeps_its_cadence_wherever_something_moves(
    stretches: list[list[tuple[str, str]]], *, expected: bool
) -> None:
    assert is_hard_telecine(stretches) is expected
    assert not expected or not any(is_video(each) for each in stretches)


def test_one_stretch_tells_video() -> None:
    assert [is_video(each) for each in (VIDEO, FILM, STILL, VIDEO[:10])] == [True, *[False] * 3]


def test_what_idet_prints_is_read() -> None:
    printed = (
        "frame:0 pts:0\nlavfi.idet.repeated.current_frame=neither\n"
        "lavfi.idet.single.current_frame=bff\nlavfi.idet.multiple.current_frame=tff\n"
    )

    assert judged(printed) == [("neither", "tff")]


def test_film_and_fields_have_rates_of_their_own() -> None:
    field, whole = Deinterlace.FIELD, Deinterlace.FRAME
    woven = video_facts(is_interlaced=True, frame_rate=Fraction(25))
    film = video_facts(is_interlaced=True, frame_rate=NTSC, telecine="hard")

    assert picture_rate(woven, whole) == 25
    assert picture_rate(woven, field) == 50
    assert picture_rate(film, field) == Fraction(24000, 1001)
    assert picture_rate(video_facts(frame_rate=Fraction(25)), field) == 25


def test_only_interlaced_pictures_of_that_rate_may_be_film() -> None:
    assert may_be_telecined(video_facts(is_interlaced=True, frame_rate=NTSC))
    assert not may_be_telecined(video_facts(is_interlaced=True, frame_rate=Fraction(25)))
    assert not may_be_telecined(video_facts(frame_rate=NTSC))


def test_a_probe_looks_at_few_frames_and_fewer_large_ones() -> None:
    described = {"format": {"start_time": "2", "duration": "100"}}
    hd, huge = (
        {"codec_name": "h264", "width": w, "height": h} for w, h in ((1920, 1080), (7680, 4320))
    )
    vp9 = {"codec_name": "vp9", "width": 64, "height": 64}

    assert (n_sampled(hd), n_sampled(huge), n_sampled(vp9)) == (16, 1, 1)
    assert sample_places_s(described, hd) == [37.0, 72.0]
    assert sample_places_s(described, vp9) == sample_places_s({}, hd) == []


def test_film_is_looked_for_all_over_a_source() -> None:
    assert film_places_s(video_facts(duration_s=Fraction(100), start_s=Fraction(1))) == [
        *(1.0, 21.0, 41.0, 61.0, 81.0)
    ]
    assert film_places_s(video_facts(duration_s=Fraction(3))) == [0.0]
