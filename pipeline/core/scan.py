"""How pictures were scanned: whole, as fields of two instants, or as film stretched to video.

Headers lie about it more often than the flags of decoded frames, so those come first.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from schemas.media import VideoFacts
from schemas.vocabulary import Deinterlace, FieldOrder, Telecine

#: ffprobe's words; the first letter is the field that is shown first. libavcodec's comment says
#: the second, but its decoders and writers, Matroska's FieldOrder 9 and 14 and QuickTime's
#: ``kQTFieldDetailSpatialFirstLineEarly`` (9) all mean the first.
_ORDERS = {
    "tt": FieldOrder.TOP_FIRST,
    "tb": FieldOrder.TOP_FIRST,
    "bb": FieldOrder.BOTTOM_FIRST,
    "bt": FieldOrder.BOTTOM_FIRST,
}
#: Decoders that flag each interlaced frame; of others the header must be believed.
_FLAGGED = frozenset(
    ("mpeg1video", "mpeg2video", "h264", "vc1", "dvvideo", "prores", "dnxhd", "mpeg4")
)
#: The decoder flags single fields, and never a frame that holds two.
_FIELD_FLAGGED = "hevc"
#: Codecs that pictures with fields come in; of others few frames need a look.
MAYBE_INTERLACED = _FLAGGED | {
    *(_FIELD_FLAGGED, "mjpeg", "ffv1", "rawvideo", "v210", "huffyuv", "jpeg2000", "wmv3")
}
_FIELDS_PER_FRAME = 2
#: Every second frame repeats a field in 3:2 pulldown; a few may be missing from the sample.
_SOFT_SHARE = Fraction(2, 5)

#: Pictures to decode at a place: few enough of 8K ones that a probe stays a probe.
_MOST_SAMPLED, _SAMPLED_PIXELS = 16, 16 * 1920 * 1080
#: Places to look at beside the beginning, in shares of the length.
_PLACES = (0.35, 0.7)

#: Frames of a stretch that is searched for pulldown, and how many stretches are.
FILM_STRETCH_FRAMES, _FILM_PLACES = 60, 5
#: The rate hard pulldown makes, with some room for rounding.
_PULLDOWN_RATE, _RATE_TOLERANCE = Fraction(30000, 1001), Fraction(1, 500)
#: Film frames that pulldown makes five coded ones of.
FILM_FRAMES, CODED_FRAMES = 4, 5
#: Of the five, one repeats a field of the frame before, and one, two later, the other field.
_CYCLE, _SECOND_REPEAT = CODED_FRAMES, 2
#: Shares that make a stretch film or video for certain.
_FILM_HITS, _FILM_STRAYS, _VIDEO_COMBED = Fraction(4, 5), Fraction(1, 20), Fraction(1, 3)
_LEAST_FRAMES = 3 * _CYCLE


def fields(stream: Mapping[str, Any], frames: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """State the fields of ``VideoFacts`` on scanning, from the header and some decoded frames."""
    announced = _ORDERS.get(str(stream.get("field_order")))
    woven = [frame for frame in frames if frame.get("interlaced_frame")]
    n_repeating = sum(int(frame.get("repeat_pict", 0)) > 0 for frame in frames)
    codec = stream.get("codec_name")
    is_flagged = bool(frames) and codec in _FLAGGED | {_FIELD_FLAGGED}
    if not woven and is_flagged and n_repeating >= len(frames) * _SOFT_SHARE:
        return {"telecine": Telecine.SOFT}
    if not woven and is_flagged and codec != _FIELD_FLAGGED:
        return {}
    if not woven:
        return {"is_interlaced": announced is not None, "field_order": announced}
    if codec == _FIELD_FLAGGED:
        return _flagged_fields(stream, frames, announced)
    return {
        "is_interlaced": True,
        "field_order": _usual_order(woven),
        "is_mixed_scan": len(woven) < len(frames),
    }


def _flagged_fields(
    stream: Mapping[str, Any], frames: Sequence[Mapping[str, Any]], announced: FieldOrder | None
) -> dict[str, Any]:
    """Tell true fields from frames that were fed whole to an encoder told to expect fields.

    Both come flagged as top and bottom in turn (ITU-T H.265 §D.3.3, ``pic_struct`` 1 and 2).
    Fields of any usual format are at least twice as wide as they are high, interlaced frames are
    not. Which field comes first is what the first picture is.
    """
    is_top = [bool(frame.get("top_field_first")) for frame in frames]
    are_all = all(frame.get("interlaced_frame") for frame in frames)
    are_apart = are_all and len(set(is_top)) == _FIELDS_PER_FRAME
    are_fields = are_apart and int(stream["width"]) >= _FIELDS_PER_FRAME * int(stream["height"])
    first = FieldOrder.TOP_FIRST if is_top[0] else FieldOrder.BOTTOM_FIRST
    return {
        "is_interlaced": True,
        "field_order": first if are_fields else announced or first,
        "is_mixed_scan": not are_all,
        "has_separate_fields": are_fields,
    }


def frames_per_packet(rate: Fraction, frames: Sequence[Mapping[str, Any]]) -> Fraction:
    """Tell whether each packet is a frame, or each field of a frame has one of its own.

    ``rate`` is that of the packets; decoded frames then come half as often.
    """
    times = [Fraction(str(frame["pts_time"])) for frame in frames if "pts_time" in frame]
    # A sample of several places has leaps in it.
    periods = sorted(b - a for a, b in pairwise(times) if 0 < b - a < 1)
    is_halved = bool(periods) and round(periods[len(periods) // 2] * rate) == _FIELDS_PER_FRAME
    return Fraction(1, _FIELDS_PER_FRAME) if is_halved else Fraction(1)


def _usual_order(woven: Sequence[Mapping[str, Any]]) -> FieldOrder:
    n_top_first = sum(bool(frame.get("top_field_first")) for frame in woven)
    return FieldOrder.TOP_FIRST if 2 * n_top_first >= len(woven) else FieldOrder.BOTTOM_FIRST


def film_rate(rate: Fraction) -> Fraction:
    """Tell the rate of the film behind one in pulldown."""
    return rate * FILM_FRAMES / CODED_FRAMES


def picture_rate(video: VideoFacts, deinterlace: Deinterlace) -> Fraction:
    """Tell how many whole pictures a second a source gives."""
    if video.telecine is Telecine.HARD:
        return film_rate(video.frame_rate)
    if video.is_interlaced and deinterlace is Deinterlace.FIELD:
        return video.frame_rate * 2
    return video.frame_rate


def n_sampled(stream: Mapping[str, Any]) -> int:
    """Say how many pictures of a place to decode: few of large ones."""
    n_pixels = max(1, int(stream.get("width", 0)) * int(stream.get("height", 0)))
    is_doubtful = stream.get("codec_name") in MAYBE_INTERLACED
    return min(_MOST_SAMPLED, max(1, _SAMPLED_PIXELS // n_pixels)) if is_doubtful else 1


def sample_places_s(described: Mapping[str, Any], stream: Mapping[str, Any]) -> list[float]:
    """Say where to look for fields, beside the beginning, in source seconds."""
    if stream.get("codec_name") not in MAYBE_INTERLACED:
        return []
    words = described.get("format", {})
    start_s, duration_s = (float(words.get(name, 0)) for name in ("start_time", "duration"))
    return [start_s + duration_s * share for share in _PLACES] if duration_s > 1 else []


def may_be_telecined(video: VideoFacts) -> bool:
    """Tell whether a source is worth the search for hard pulldown."""
    is_its_rate = abs(video.frame_rate - _PULLDOWN_RATE) <= _PULLDOWN_RATE * _RATE_TOLERANCE
    # The search looks at frames; what comes in fields is left to deinterlacing.
    return video.is_interlaced and is_its_rate and not video.has_separate_fields


def film_places_s(video: VideoFacts) -> list[float]:
    """Say where to look for pulldown, in source seconds."""
    stretch_s = FILM_STRETCH_FRAMES / video.frame_rate
    n_places = min(_FILM_PLACES, max(1, int(video.duration_s / stretch_s / 2)))
    step_s = video.duration_s / n_places
    return [float(video.start_s + step_s * number) for number in range(n_places)]


def judged(printed: str) -> list[tuple[str, str]]:
    """Read what ``idet`` printed of each frame: the field it repeats, and how it was scanned."""
    repeats = re.findall(r"idet\.repeated\.current_frame=(\w+)", printed)
    kinds = re.findall(r"idet\.multiple\.current_frame=(\w+)", printed)
    return list(zip(repeats, kinds, strict=False))


def is_hard_telecine(stretches: Sequence[Sequence[tuple[str, str]]]) -> bool:
    """Tell film from video by what ``idet`` said of some stretches of frames.

    Each frame comes as (repeated, kind): the field it repeats of the frame before (``neither``,
    ``top``, ``bottom``), and how it was scanned. Film is what shows the cadence wherever
    something moves; one stretch of true video is enough to leave the whole to deinterlacing.
    """
    kinds = [_kind(stretch) for stretch in stretches if len(stretch) >= _LEAST_FRAMES]
    return "video" not in kinds and 2 * kinds.count("film") >= max(1, len(kinds))


def is_video(stretch: Sequence[tuple[str, str]]) -> bool:
    """Tell true video by what ``idet`` said of a stretch of frames."""
    return len(stretch) >= _LEAST_FRAMES and _kind(stretch) == "video"


def _kind(stretch: Sequence[tuple[str, str]]) -> str:
    repeats = [repeated for repeated, _ in stretch]
    found = max(_cadence(repeats, phase, first) for phase in range(_CYCLE) for first in _FIELDS)
    n_expected = 2 * len(repeats) / _CYCLE
    n_repeats = sum(repeated in _FIELDS for repeated in repeats)
    if found >= n_expected * _FILM_HITS and n_repeats - found <= len(repeats) * _FILM_STRAYS:
        return "film"
    n_combed = sum(kind in ("tff", "bff") for _, kind in stretch)
    return "video" if n_combed >= len(stretch) * _VIDEO_COMBED else "still"


_FIELDS = ("top", "bottom")


def _cadence(repeats: Sequence[str], phase: int, first: str) -> int:
    """Count the repeats that fall where a cadence of this phase puts them."""
    second = _FIELDS[1 - _FIELDS.index(first)]
    expected = {phase: first, (phase + _SECOND_REPEAT) % _CYCLE: second}
    return sum(expected.get(place % _CYCLE) == seen for place, seen in enumerate(repeats))
