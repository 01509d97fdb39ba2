"""How a source's pictures have to be shown: cropped, turned, from which fields, how bright.

Read from ffprobe's words on the stream, and from a few decoded frames where only they tell.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from pipeline.core.errors import MediaUnsupported
from pipeline.core.scan import fields
from schemas.media import ContentLight, Crop, MasteringDisplay

#: ffprobe's JSON of a stream or a frame.
Words = Mapping[str, Any]

_ALPHA_FORMATS = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "pal8", "ayuv")
#: What ffprobe cannot name might be transparent; flattening what is not changes nothing.
_UNNAMED = "unknown"
_CHROMATICITIES = ("red", "green", "blue", "white_point")


def appearance(stream: Words, frames: Sequence[Words]) -> dict[str, Any]:
    """State the fields of ``VideoFacts`` that say how pictures have to be shown."""
    rotation_deg, is_mirrored = orientation(stream, frames)
    return {
        "rotation_deg": rotation_deg,
        "is_mirrored": is_mirrored,
        "crop": crop(stream),
        "has_alpha": _has_alpha(stream),
        "mastering_display": _mastering_display(_note("Mastering display", stream, *frames[:1])),
        "content_light": _content_light(_note("Content light", stream, *frames[:1])),
        "dolby_vision_profile": _note("DOVI configuration", stream).get("dv_profile"),
        **fields(stream, frames),
    }


def orientation(stream: Words, frames: Sequence[Words] = ()) -> tuple[int, bool]:
    """Read the display matrix: degrees to turn clockwise, after flipping left to right or not.

    The container's, else the one the pictures themselves carry. A point (x, y), y down, is shown
    at (ax + cy, bx + dy). Source: ISO/IEC 14496-12 §6.2.2; libavutil/display.h.
    """
    text = _note("matrix", stream).get("displaymatrix", "")
    text = text or _note("matrix", *frames[:1]).get("displaymatrix", "")
    rows = [[int(word) for word in line.split()[1:]] for line in text.strip().splitlines()]
    if len(rows) < 2 or any(len(row) < 2 for row in rows[:2]):  # noqa: PLR2004  two by two
        return 0, False
    (a, b), (c, d) = rows[0][:2], rows[1][:2]
    is_mirrored = a * d - b * c < 0
    angle_deg = math.degrees(math.atan2(-b, -a) if is_mirrored else math.atan2(b, a))
    return round(angle_deg / 90) * 90 % 360, is_mirrored


def crop(stream: Words) -> Crop | None:
    """Read what the container takes off; None where that is nothing, or everything."""
    note = _note("Frame Cropping", stream)
    found = Crop(**{f"{side}_px": int(note.get(f"crop_{side}", 0)) for side in _SIDES})
    width_px = int(stream.get("width", 0)) - found.left_px - found.right_px
    height_px = int(stream.get("height", 0)) - found.top_px - found.bottom_px
    return found if found != Crop() and width_px > 0 and height_px > 0 else None


_SIDES = ("left", "right", "top", "bottom")


def check_base_layer(stream: Words) -> None:
    """Refuse Dolby Vision whose pictures mean nothing without its own colour transform.

    Profiles with a base layer that is HDR10, HLG or SDR by itself are shown as that.
    Source: Dolby Vision Streams Within the ISO Base Media File Format, §2.2, §3.

    Raises:
        MediaUnsupported: ``media.dolby_vision``, as of profile 5.
    """
    note = _note("DOVI configuration", stream)
    if note and note.get("dv_bl_signal_compatibility_id", 0) == 0:
        raise MediaUnsupported(
            f"Dolby Vision profile {note.get('dv_profile')} has no base layer that others can show",
            code="media.dolby_vision",
        )


def _has_alpha(stream: Words) -> bool:
    format_name = str(stream.get("pix_fmt", _UNNAMED))
    tags = {name.lower(): value for name, value in stream.get("tags", {}).items()}
    return (
        format_name == _UNNAMED
        or format_name.startswith(_ALPHA_FORMATS)
        # WebM: a second picture beside each block holds the alpha.
        or str(tags.get("alpha_mode")) == "1"
    )


def _mastering_display(note: Words) -> MasteringDisplay | None:
    names = [f"{name}_{axis}" for name in _CHROMATICITIES for axis in "xy"]
    if not note or any(name not in note for name in (*names, "min_luminance", "max_luminance")):
        return None
    points = [
        (Fraction(note[f"{name}_x"]), Fraction(note[f"{name}_y"])) for name in _CHROMATICITIES
    ]
    return MasteringDisplay(
        red=points[0],
        green=points[1],
        blue=points[2],
        white=points[3],
        least_luminance=Fraction(note["min_luminance"]),
        most_luminance=Fraction(note["max_luminance"]),
    )


def _content_light(note: Words) -> ContentLight | None:
    most, average = int(note.get("max_content", 0)), int(note.get("max_average", 0))
    return ContentLight(most=most, most_average=average) if most or average else None


def _note(kind: str, *bearers: Words) -> Words:
    """Find side data whose type holds a word, on the first bearer that has it."""
    for bearer in bearers:
        for note in bearer.get("side_data_list", ()):
            if kind.lower() in str(note.get("side_data_type", "")).lower():
                return dict(note)
    return {}
