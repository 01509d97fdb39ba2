"""One MP4 to download: the finished renditions side by side, nothing encoded again."""

import re
from collections.abc import Sequence

import ffmpeg

from pipeline.core.argv.encode import OUTPUT_START_S
from schemas.timeline import RenditionTimeline

DOWNLOAD_NAME = "download.mp4"
DOWNLOAD_TYPE = "video/mp4"
#: A larger file keeps its index at the end: moving it to the front writes all of the file once
#: more, in silence, and a child is silent only so long before it is taken for stalled.
MOST_MOVED_BYTES = 2 * 2**30
_LANGUAGE = re.compile(r"[a-z]{3}")


def mux_argv(renditions: Sequence[RenditionTimeline], *, n_bytes: int) -> list[str]:
    """Build the command line, without the program's name, for tracks of so many bytes together.

    Each rendition lies in the working folder as one file of ours: ``track_name``. The first
    sound is the one that plays unless another is chosen.
    """
    # Our own files: nothing a stranger wrote is opened here, and no other demuxer is needed.
    opened = [
        ffmpeg.input(f"file:{track_name(each.name)}", f="mov", protocol_whitelist="file")["0"]
        for each in renditions
    ]
    compiled: list[str] = ffmpeg.compile(
        ffmpeg.output(*opened, f"file:{DOWNLOAD_NAME}", **_options(renditions, n_bytes))
    )[1:]
    # Keep the tracks as they lie to each other: sound begins a priming frame earlier.
    return ["-copyts", *compiled, "-y"]


def track_name(rendition: str) -> str:
    """Name the file of one rendition in the working folder."""
    return f"{rendition}.track.mp4"


def _options(renditions: Sequence[RenditionTimeline], n_bytes: int) -> dict[str, str]:
    return {
        "c": "copy",
        # Back from the segments' clock to one that begins at zero.
        "output_ts_offset": str(-OUTPUT_START_S),
        # The index in front: it plays while it loads, also from servers that know no ranges.
        **({"movflags": "+faststart"} if n_bytes <= MOST_MOVED_BYTES else {}),
        "map_metadata": "-1",
        "fflags": "+bitexact",
        **_languages(renditions),
        "f": "mp4",
    }


def _languages(renditions: Sequence[RenditionTimeline]) -> dict[str, str]:
    sounds = [each for each in renditions if each.medium == "audio"]
    return {
        f"metadata:s:a:{number}": f"language={sound.language}"
        for number, sound in enumerate(sounds)
        # MP4 has room for the three letters of ISO 639-2 and nothing else.
        if sound.language and _LANGUAGE.fullmatch(sound.language)
    }
