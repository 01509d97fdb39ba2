"""Command lines for posters and storyboard tiles, built with ffmpeg-python.

What follows the program's name. ``source`` is a local path of ours; outputs are relative to the
working folder. All times are source times: the source's own clock is kept.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import ffmpeg

from pipeline.core.argv import picture
from pipeline.core.argv.source import input_options
from pipeline.core.storyboard import Board
from schemas.media import MediaFacts, VideoFacts
from schemas.vocabulary import VideoRange

TILES_NAME = "tiles.mjpeg"
TIMES_NAME = "tiles.txt"
SPRITE_PATTERN = "sprite-%d.jpg"

#: Frames the thumbnail filter may choose from; it keeps them all in memory.
_MOST_WINDOW_FRAMES = 60
#: Seek this far ahead of the wished time where seeking is not exact.
_BLIND_MARGIN_S = 12.0
#: From the keyframe before on, and in source time.
_TO_KEYFRAME: Mapping[str, str | None] = {"seek_timestamp": "1", "noaccurate_seek": None}
#: 2 is best, 31 worst.
_POSTER_QUALITY, _TILE_QUALITY, _SPRITE_QUALITY = "3", "2", "5"


def poster_argv(
    facts: MediaFacts,
    *,
    source: str,
    at_s: float,
    window_s: float | None,
    size_px: tuple[int, int],
    name: str,
    threads: int,
    is_exact: bool = True,
) -> list[str]:
    """Take the most telling frame of the ``window_s`` seconds after ``at_s`` (source time).

    Without a window it is the first keyframe after ``at_s``, and nothing else is decoded.

    Writes ``{name}.jpg``, and into ``{name}.txt`` its time and brightness (``chosen_frame``).
    ``is_exact=False`` begins at the keyframe before: where the last frame is shown for long,
    there is none after ``at_s``.
    """
    video = _video(facts)
    seek_s = at_s if facts.is_seekable else max(float(facts.start_s), at_s - _BLIND_MARGIN_S)
    # The seek lands at or before the wished time, the filter drops what is early: left to
    # ffmpeg, a transport stream would start up to a group of pictures late.
    options = {"ss": f"{seek_s:.6f}", **_TO_KEYFRAME}
    if window_s is None:
        options["skip_frame"] = "nokey"
    stream = _opened(facts, source, threads, options)
    if window_s is None:
        stream = stream.filter("select", expr=f"gte(t,{at_s:.6f})*not(selected_n)")
    else:
        if is_exact:
            stream = stream.filter("select", expr=f"gte(t,{at_s:.6f})")
        # Several candidates, because a single frame may be black, blurred or in mid-cut.
        n_frames = min(_MOST_WINDOW_FRAMES, max(2, round(float(video.frame_rate) * window_s)))
        stream = stream.filter("thumbnail", n=n_frames)
    stream = _shown(stream, video, size_px)
    # Brightness tells a black poster; the time is the source's own.
    stream = stream.filter("signalstats").filter("metadata", mode="print", file=f"{name}.txt")
    return _compiled(stream, f"{name}.jpg", {"frames:v": "1", "update": "1"}, _POSTER_QUALITY)


def tiles_argv(
    facts: MediaFacts,
    *,
    source: str,
    interval_s: int,
    size_px: tuple[int, int],
    threads: int,
    only_keyframes: bool,
) -> list[str]:
    """Write one small picture per interval, the first that is shown in it, one after another.

    An interval without a frame of its own repeats the picture before. The times of the pictures
    go to ``TIMES_NAME`` (``frame_times``).
    """
    # Decoding keyframes alone is some twenty times cheaper.
    skip: dict[str, str | None] = {"skip_frame": "nokey"} if only_keyframes else {}
    is_part = facts.skipped_s is not None
    if is_part and facts.is_seekable:
        skip |= {"ss": f"{float(facts.start_s):.6f}", **_TO_KEYFRAME}
    video = _video(facts)
    stream = _opened(facts, source, threads, skip)
    zero = f"{facts.start_s.numerator}/{facts.start_s.denominator}"
    # From source time to time from the asset's zero; whole ticks, or a frame slips a tile back.
    stream = stream.filter("setpts", expr=f"PTS-round({zero}/TB)")
    if is_part:
        # What a trim leaves out has no tiles.
        stream = stream.filter("trim", start="0", end=f"{float(facts.duration_s):.6f}")
    this, last = f"floor((t+0.0005)/{interval_s})", f"floor((prev_selected_t+0.0005)/{interval_s})"
    stream = stream.filter("select", expr=f"isnan(prev_selected_t)+gt({this},{last})")
    # "pass": or the last picture is lost where it ends before its stretch does.
    options = {"fps": f"1/{interval_s}", "round": "down", "eof_action": "pass"}
    stream = _shown(stream, video, size_px)
    # Metadata is printed of frames that have some.
    stream = stream.filter("signalstats").filter("metadata", mode="print", file=TIMES_NAME)
    stream = stream.filter("fps", **options, start_time="0")
    return _compiled(stream, TILES_NAME, {}, _TILE_QUALITY, muxer="mjpeg")


def sprites_argv(board: Board) -> list[str]:
    """Lay the small pictures of ``TILES_NAME`` out on sprites, numbered from 0."""
    options = {"f": "mjpeg", "format_whitelist": "mjpeg", "protocol_whitelist": "file"}
    stream = ffmpeg.input(f"file:{TILES_NAME}", **options)
    stream = stream.filter("tile", layout=f"{board.columns}x{board.rows}")
    return _compiled(stream, SPRITE_PATTERN, {"start_number": "0"}, _SPRITE_QUALITY)


def _video(facts: MediaFacts) -> VideoFacts:
    if facts.video is None:
        raise ValueError("a source without a picture has no stills")
    return facts.video


def _opened(facts: MediaFacts, source: str, threads: int, options: Mapping[str, str | None]) -> Any:
    video = _video(facts)
    named = {**input_options(), **picture.input_options(video), "f": facts.container}
    named |= {"threads": str(threads), **options}
    stream = ffmpeg.input(f"file:{source}", **named)[str(video.index)]
    if "skip_frame" in options and video.has_separate_fields:
        # A keyframe is one field; with its lines doubled it is a picture of the stated size.
        return stream.filter("scale", w="iw", h="2*ih")
    if "skip_frame" in options and video.is_interlaced:
        # Keyframes alone are too far apart to weave from: each is made whole by itself.
        return stream.filter("estdif", mode="frame", deint="all")
    return picture.progressive(stream, video)


def _shown(stream: Any, video: VideoFacts, size_px: tuple[int, int]) -> Any:
    """Scale to the size a viewer sees, in JPEG's full range, HDR brought down."""
    width_px, height_px = size_px
    stream = picture.displayed(stream, video, size_px, VideoRange.SDR)
    # BT.601 in full range is what JPEG means, whatever the source is tagged.
    options = {"w": width_px, "h": height_px, "out_range": "pc", "out_color_matrix": "bt601"}
    return stream.filter("scale", **options).filter("setsar", "1").filter("format", "yuv420p")


def _compiled(
    stream: Any, target: str, extra: dict[str, str], quality: str, *, muxer: str = "image2"
) -> list[str]:
    options = {
        "c:v": "mjpeg",
        "q:v": quality,
        # JPEG knows no limited range; said here for the case that no frame says it.
        "color_range": "pc",
        # The frames that come out of the filters, no more and no fewer.
        "fps_mode": "passthrough",
        "f": muxer,
        **extra,
    }
    compiled: list[str] = ffmpeg.compile(ffmpeg.output(stream, target, **options))[1:]
    # However much does not decode, the pictures that do are there to choose from.
    return ["-copyts", "-max_error_rate", "1", *compiled, "-y"]


def frame_times(printed: str) -> list[float]:
    """Read the time of every frame that ``metadata`` printed."""
    return [float(time_s) for time_s in re.findall(r"pts_time:(-?[\d.]+)", printed)]


def chosen_frame(printed: str) -> tuple[Fraction, float]:
    """Read source time and mean brightness (0–255) from what ``metadata`` printed.

    Raises:
        ValueError: nothing was printed.
    """
    words = dict(
        part.split("=" if "=" in part else ":", 1)
        for line in printed.splitlines()
        for part in line.split()
        if "=" in part or ":" in part
    )
    if "pts_time" not in words:
        raise ValueError("no frame was printed")
    return Fraction(words["pts_time"]), float(words.get("lavfi.signalstats.YAVG", 128))
