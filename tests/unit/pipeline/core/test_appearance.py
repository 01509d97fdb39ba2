"""What ffprobe says of a stream and its first pictures is read as a viewer would see it."""

from fractions import Fraction
from typing import Any

import pytest

from pipeline.core.appearance import appearance, check_base_layer, crop, orientation
from pipeline.core.errors import MediaUnsupported
from schemas.media import ContentLight, Crop


def turned(a: int, b: int, c: int, d: int) -> dict[str, Any]:
    rows = ((a, b, 0), (c, d, 0), (0, 0, 1 << 14))
    lines = (f"0000000{n}: {' '.join(str(v << 16) for v in row)}" for n, row in enumerate(rows))
    note = {"side_data_type": "Display Matrix", "displaymatrix": "\n" + "\n".join(lines) + "\n"}
    return {"side_data_list": [note]}


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((1, 0, 0, 1), (0, False)),
        ((0, 1, -1, 0), (90, False)),
        ((-1, 0, 0, -1), (180, False)),
        ((0, -1, 1, 0), (270, False)),
        ((-1, 0, 0, 1), (0, True)),
        ((0, -1, -1, 0), (90, True)),
        ((1, 0, 0, -1), (180, True)),
        ((0, 1, 1, 0), (270, True)),
        # Turned by 10°: we turn by quarters.
        ((98, 17, -17, 98), (0, False)),
    ],
)
def test_a_display_matrix_is_flip_then_turn(
    matrix: tuple[int, int, int, int], expected: tuple[int, bool]
) -> None:
    assert orientation(turned(*matrix)) == expected


def test_pictures_may_say_themselves_how_they_stand() -> None:
    right = turned(0, 1, -1, 0)

    assert orientation({}, [right]) == (90, False)
    assert orientation(turned(-1, 0, 0, -1), [right]) == (180, False)
    assert orientation({"side_data_list": [{"side_data_type": "Display Matrix"}]}) == (0, False)


def cropping(left: int, right: int, top: int, bottom: int) -> dict[str, Any]:
    sides = {"crop_left": left, "crop_right": right, "crop_top": top, "crop_bottom": bottom}
    note = {"side_data_type": "Frame Cropping", **sides}
    return {"width": 64, "height": 48, "side_data_list": [note]}


def test_a_crop_is_read_unless_it_leaves_nothing() -> None:
    expected = Crop(left_px=2, right_px=4, top_px=0, bottom_px=6)

    assert crop(cropping(2, 4, 0, 6)) == expected
    assert crop(cropping(0, 0, 0, 0)) is None
    assert crop(cropping(32, 32, 0, 0)) is None
    assert crop({"width": 64, "height": 48}) is None


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ({"pix_fmt": "yuv420p"}, False),
        ({"pix_fmt": "yuva444p12le"}, True),
        ({"pix_fmt": "argb"}, True),
        ({"pix_fmt": "yuv420p", "tags": {"ALPHA_MODE": "1"}}, True),
        # Unknown to ffprobe: flattening changes nothing of what is opaque.
        ({}, True),
    ],
)
def test_alpha_is_noticed(stream: dict[str, Any], *, expected: bool) -> None:
    assert appearance(stream, [])["has_alpha"] is expected


def test_light_is_read_from_the_stream_or_its_first_picture() -> None:
    points = {
        f"{name}_{axis}": "1/2" for name in ("red", "green", "blue", "white_point") for axis in "xy"
    }
    limits = {"min_luminance": "1/10000", "max_luminance": "10000000/10000"}
    screen = {"side_data_type": "Mastering display metadata", **points, **limits}
    light = {"side_data_type": "Content light level metadata", "max_content": 900, "max_average": 0}

    found = appearance({"side_data_list": [screen]}, [{"side_data_list": [light]}])

    assert found["mastering_display"].most_luminance == 1000
    assert found["mastering_display"].red == (Fraction(1, 2), Fraction(1, 2))
    assert found["content_light"] == ContentLight(most=900, most_average=0)
    assert appearance({}, [])["mastering_display"] is None
    half = {name: value for name, value in screen.items() if name != "red_x"}
    assert appearance({"side_data_list": [half]}, [])["mastering_display"] is None


def dolby(profile: int, compatible: int) -> dict[str, Any]:
    kind = {"side_data_type": "DOVI configuration record", "dv_profile": profile}
    return {"side_data_list": [{**kind, "dv_bl_signal_compatibility_id": compatible}]}


def test_dolby_vision_is_its_base_layer_or_refused() -> None:
    check_base_layer({})
    check_base_layer(dolby(8, 1))
    assert appearance(dolby(8, 4), [])["dolby_vision_profile"] == 8

    with pytest.raises(MediaUnsupported) as caught:
        check_base_layer(dolby(5, 0))

    assert caught.value.instance_code == "media.dolby_vision"
