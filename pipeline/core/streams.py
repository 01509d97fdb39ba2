"""Chooses what to use of a described file, and refuses what is beyond our limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pipeline.core.errors import MediaUnsupported, NotMedia

#: ffprobe's JSON of one stream, and of a whole file.
Stream = Mapping[str, Any]
Description = Mapping[str, Any]

_STILLS = ("attached_pic", "still_image", "timed_thumbnails")


@dataclass(frozen=True)
class Bounds:
    """The largest source accepted."""

    n_pixels: int
    duration_s: float
    n_streams: int


@dataclass(frozen=True)
class Chosen:
    """The picture and the sound that will be used."""

    video: Stream | None
    audio: Stream | None
    #: Sound tracks that will not be used.
    n_other_audio: int


def choose(described: Description, bounds: Bounds) -> Chosen:
    """Pick the best picture and the default sound.

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
    video, audio = _best(pictures, _area), _best(sounds, _rate)
    if video is None and (audio is None or pictures):
        raise _nothing_usable(pictures or sounds)
    if video is not None:
        _check_size(video, bounds.n_pixels)
    check_duration(_announced_s(described), bounds.duration_s)
    return Chosen(video, audio, max(0, len(sounds) - 1))


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


def _best(streams: Sequence[Stream], size: Any) -> Stream | None:
    """Take the default one, else the largest, else the first, of those with a known codec."""
    known = [one for one in streams if one.get("codec_name", "unknown") != "unknown" and size(one)]
    rank = {
        id(one): (bool(one.get("disposition", {}).get("default")), size(one), -int(one["index"]))
        for one in known
    }
    return max(known, key=lambda one: rank[id(one)], default=None)


def _area(stream: Stream) -> int:
    return int(stream.get("width", 0)) * int(stream.get("height", 0))


def _rate(stream: Stream) -> int:
    """Any sound that can be decoded has a sample rate; its channels decide between several."""
    return int(stream.get("channels", 0)) if int(stream.get("sample_rate", 0)) else 0


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
    text = str(described.get("format", {}).get("duration", "0"))
    return Fraction(text) if text.replace(".", "", 1).isdigit() else Fraction(0)
