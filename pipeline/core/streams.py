"""Chooses what to use of a described file, and refuses what is beyond our limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pipeline.core.appearance import check_base_layer
from pipeline.core.errors import MediaUnsupported, NotMedia

#: ffprobe's JSON of one stream, and of a whole file.
Stream = Mapping[str, Any]
Description = Mapping[str, Any]

_STILLS = ("attached_pic", "still_image", "timed_thumbnails")
#: Sound that only some want to hear: never the one to begin with.
_ASIDE = ("comment", "visual_impaired", "descriptions", "hearing_impaired", "karaoke")
_SAY_NOTHING = ("mpegts", "mpeg")
#: More tracks than any film has; each sound costs a task.
MOST_AUDIOS = 16


@dataclass(frozen=True)
class Bounds:
    """The largest source accepted."""

    n_pixels: int
    duration_s: float
    n_streams: int


@dataclass(frozen=True)
class Chosen:
    """The picture and the sounds that will be used."""

    video: Stream | None
    #: The one to begin with first, the others in the file's order.
    audios: tuple[Stream, ...]
    #: Sound tracks that will not be used.
    other_audios: tuple[Stream, ...] = ()


def choose(described: Description, bounds: Bounds) -> Chosen:
    """Pick the best picture and the sounds, the default one first.

    Raises:
        NotMedia: there is neither.
        MediaUnsupported: too many streams, too large a picture, too long, or only unknown codecs.
    """
    streams: Sequence[Stream] = described.get("streams", ())
    if len(streams) > bounds.n_streams:
        raise MediaUnsupported(
            f"{len(streams)} streams, at most {bounds.n_streams} are accepted",
            code="media.too_many_streams",
        )
    pictures = [one for one in streams if _is(one, "video") and not _is_still(one)]
    sounds = [one for one in streams if _is(one, "audio")]
    video, heard = _best(pictures), _by_preference(sounds)
    if video is None and (not heard or pictures):
        raise _nothing_usable(pictures or sounds)
    if video is not None:
        _check_size(video, bounds.n_pixels)
        check_base_layer(video)
    check_duration(_announced_s(described), bounds.duration_s)
    audios = heard[:MOST_AUDIOS]
    used = {one["index"] for one in audios}
    return Chosen(video, audios, tuple(one for one in sounds if one["index"] not in used))


def check_duration(duration_s: Fraction, most_s: float) -> None:
    """Refuse what is too long, by what it says of itself or by what it really holds.

    Raises:
        MediaUnsupported: it is longer.
    """
    if duration_s > most_s:
        raise MediaUnsupported(
            f"{float(duration_s):.0f} s long, at most {most_s:g} s are accepted",
            code="media.too_long",
        )


def _is(stream: Stream, kind: str) -> bool:
    return bool(stream.get("codec_type") == kind)


def _is_still(stream: Stream) -> bool:
    disposition = stream.get("disposition", {})
    return any(disposition.get(name) for name in _STILLS)


def _best(pictures: Sequence[Stream]) -> Stream | None:
    """Take the default one, else the largest, else the first, of those with a known codec."""
    known = [one for one in pictures if _is_known(one) and _area(one)]
    rank = {
        id(one): (bool(one.get("disposition", {}).get("default")), _area(one), -int(one["index"]))
        for one in known
    }
    return max(known, key=lambda one: rank[id(one)], default=None)


def _by_preference(sounds: Sequence[Stream]) -> tuple[Stream, ...]:
    """Put in front what a viewer hears first: no commentary, then flagged as default.

    Matroska flags every track unless told otherwise: the file's order then decides, as players
    have it. Any sound that can be decoded has a sample rate.
    """
    known = [one for one in sounds if _is_known(one) and int(one.get("sample_rate", 0))]
    first = min(known, key=_aside, default=None)
    return () if first is None else (first, *(one for one in known if one is not first))


def _aside(sound: Stream) -> tuple[bool, bool, int]:
    disposition = sound.get("disposition", {})
    is_aside = any(disposition.get(name) for name in _ASIDE)
    return is_aside, not disposition.get("default"), int(sound["index"])


def _is_known(stream: Stream) -> bool:
    return bool(stream.get("codec_name", "unknown") != "unknown")


def _area(stream: Stream) -> int:
    return int(stream.get("width", 0)) * int(stream.get("height", 0))


def _check_size(video: Stream, most: int) -> None:
    if _area(video) > most:
        raise MediaUnsupported(
            f"a picture of {video['width']}x{video['height']}; at most {most} pixels are accepted",
            code="media.too_many_pixels",
        )


def _nothing_usable(streams: Sequence[Stream]) -> Exception:
    if not streams:
        return NotMedia("the file holds no picture and no sound", code="media.no_streams")
    names = ", ".join(sorted({str(one.get("codec_name", "unknown")) for one in streams}))
    return MediaUnsupported(
        f"nothing in the file can be decoded (codecs: {names})", code="media.codec_unsupported"
    )


def _announced_s(described: Description) -> Fraction:
    """Tell how long a file says it is; some mean when it ends, so its start goes off.

    A transport or program stream says nothing: what ffprobe makes of its last time may be a
    clock that jumped. How long it is in truth is counted later.
    """
    header = described.get("format", {})
    if header.get("format_name") in _SAY_NOTHING:
        return Fraction(0)
    return _seconds(header.get("duration")) - _seconds(header.get("start_time"))


def _seconds(value: Any) -> Fraction:
    text = str(value)
    return Fraction(text) if text.replace(".", "", 1).isdigit() else Fraction(0)
