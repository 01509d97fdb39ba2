"""Whether what players are told of a rendition is what it is: codec, size, colours, rate."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.core.colors import Colors
from pipeline.core.hls import media_name
from pipeline.core.proof.track import Track
from pipeline.core.verdicts import point_of
from schemas.certificate import Figure, Flaw, Point, PointName, Verdict

#: ffprobe's words for what a stream is, and ours for what it was tagged as.
_COLORS = {"color_space": "matrix", "color_primaries": "primaries", "color_transfer": "transfer"}
#: Two names of one matrix (ITU-T H.273, MatrixCoefficients 5 and 6).
_SAME = {"bt470bg": "smpte170m"}
_QUOTED = re.compile(r'([A-Z-]+)=("[^"]*"|[^,]*)')


def announced(
    track: Track,
    master: str | None,
    stream: Mapping[str, Any],
    tags: Colors | None,
) -> Point:
    """Compare a rendition with its line of the multivariant playlist and with the plan.

    Args:
        master: the playlist's text; None where there is none.
        stream: what ffprobe reads from the coded stream itself.
        tags: colours the encode was told to write; None for sound.
    """
    flaws = [Flaw(rendition=track.name, detail=detail) for detail in _read(track, stream, tags)]
    flaws += [Flaw(rendition=track.name, detail=detail) for detail in _said(track, master)]
    point = Point(
        name=PointName.ANNOUNCED,
        rendition=track.name,
        verdict=Verdict.PASSED,
        figures=(Figure(name="n_wrong", value=len(flaws), bar=0),),
    )
    return point_of(point, flaws)


def _read(track: Track, stream: Mapping[str, Any], tags: Colors | None) -> Iterator[str]:
    rendition = track.rendition
    if track.codecs != rendition.codecs:
        yield f"codec {track.codecs}, announced is {rendition.codecs}"
    yield from _heard(track, stream) if tags is None else _seen(track, stream, tags)


def _seen(track: Track, stream: Mapping[str, Any], tags: Colors) -> Iterator[str]:
    rendition = track.rendition
    size = stream.get("width"), stream.get("height")
    if size != (rendition.width_px, rendition.height_px):
        wanted = f"{rendition.width_px}x{rendition.height_px}"
        yield f"{size[0]}x{size[1]} pixels, announced is {wanted}"
    # What is not said of the range means limited, and is what all players expect.
    if stream.get("color_range", "tv") != "tv":
        yield f"color_range is {stream['color_range']}, planned is tv"
    for theirs, ours in _COLORS.items():
        found, wanted = stream.get(theirs, "unknown"), getattr(tags, ours)
        if _SAME.get(found, found) != _SAME.get(wanted, wanted):
            yield f"{theirs} is {found}, planned is {wanted}"


def _heard(track: Track, stream: Mapping[str, Any]) -> Iterator[str]:
    rendition = track.rendition
    if stream.get("channels") != rendition.channels:
        yield f"{stream.get('channels')} channels, announced is {rendition.channels}"
    if int(stream.get("sample_rate", 0)) != rendition.sample_rate_hz:
        yield f"{stream.get('sample_rate')} Hz, announced is {rendition.sample_rate_hz}"


def _said(track: Track, master: str | None) -> Iterator[str]:
    if master is None:
        yield "there is no multivariant playlist"
        return
    said = _line_of(master, track)
    if said is None:
        yield "the multivariant playlist does not list it"
        return
    if not track.is_picture:
        # Sound alone may be a variant itself, whose line has no place for channels.
        is_variant = "BANDWIDTH" in said
        if not is_variant and said.get("CHANNELS", "").strip('"') != str(track.rendition.channels):
            yield f"the playlist says {said.get('CHANNELS')} channels"
        return
    if track.codecs not in said.get("CODECS", "").strip('"').split(","):
        yield f"the playlist says {said.get('CODECS')}, it is {track.codecs}"
    size = f"{track.rendition.width_px}x{track.rendition.height_px}"
    if said.get("RESOLUTION") != size:
        yield f"the playlist says {said.get('RESOLUTION')}, it is {size}"


def _line_of(master: str, track: Track) -> dict[str, str] | None:
    """Find the attributes a multivariant playlist gives a rendition (RFC 8216 §4.3.4)."""
    address = media_name(track.name)
    lines = master.splitlines()
    for number, line in enumerate(lines):
        is_variant = line.startswith("#EXT-X-STREAM-INF:") and lines[number + 1 :][:1] == [address]
        if is_variant or (line.startswith("#EXT-X-MEDIA:") and f'URI="{address}"' in line):
            return dict(_QUOTED.findall(line.partition(":")[2]))
    return None
