"""Command lines that look into a source: ffprobe's, and trial decodes by ffmpeg.

What follows the program's name. ``source`` is a local path of ours, never a user's name.
"""

from collections.abc import Sequence

from pipeline.core.argv.source import PATIENCE, flags, input_flags, patience
from pipeline.core.packets import PACKET_FIELDS, SIDE_DATA_FIELDS

#: ffprobe's own chatter, marked like ffmpeg's, so that errors can be counted.
_QUIET = ["-hide_banner", "-loglevel", "repeat+level+warning"]


def describe_argv(
    source: str, *, demuxer: str | None, max_pixels: int, max_streams: int
) -> list[str]:
    """Ask for format and streams as JSON."""
    return [
        *_QUIET,
        *_opened(source, demuxer, max_pixels, max_streams),
        "-show_format",
        "-show_streams",
        "-show_chapters",
        "-of",
        "json",
    ]


def packets_argv(
    source: str,
    *,
    demuxer: str | None,
    max_pixels: int,
    max_streams: int,
    first_s: float | None = None,
) -> list[str]:
    """Ask for one line per packet of every stream; only of the first seconds if told so."""
    interval = [] if first_s is None else ["-read_intervals", f"%+{first_s:g}"]
    return [
        *_QUIET,
        *_opened(source, demuxer, max_pixels, max_streams),
        *interval,
        "-show_entries",
        f"packet={','.join(PACKET_FIELDS)}:packet_side_data={','.join(SIDE_DATA_FIELDS)}",
        "-of",
        "csv=p=0",
    ]


def frames_argv(
    source: str, *, demuxer: str | None, stream_index: int, places_s: Sequence[float], n_frames: int
) -> list[str]:
    """Ask for a few decoded pictures of some places as JSON; the first place is the beginning."""
    intervals = [f"%+#{n_frames}", *(f"{at_s:.3f}%+#{n_frames}" for at_s in places_s)]
    return [
        *_QUIET,
        *input_flags(),
        *_reopened(demuxer),
        "-i",
        f"file:{source}",
        "-select_streams",
        str(stream_index),
        "-read_intervals",
        ",".join(intervals),
        "-show_frames",
        "-of",
        "json",
    ]


def fields_argv(
    source: str, *, demuxer: str | None, stream_index: int, at_s: float, n_frames: int, threads: int
) -> list[str]:
    """Let ``idet`` judge how some pictures were scanned; its words go to standard output."""
    return [
        "-hide_banner",
        "-nostdin",
        *input_flags(),
        *_reopened(demuxer),
        "-threads",
        str(threads),
        # Source time as it is, not counted from the file's first stream.
        "-seek_timestamp",
        "1",
        "-ss",
        f"{at_s:.6f}",
        "-i",
        f"file:{source}",
        "-map",
        f"0:{stream_index}",
        "-frames:v",
        str(n_frames),
        "-vf",
        "idet,metadata=print:file=-",
        "-f",
        "null",
        "-",
    ]


def seek_argv(source: str, *, demuxer: str | None, stream_index: int, at_s: float) -> list[str]:
    """Ask which packet a seek lands on, as ffmpeg's ``-ss`` would seek."""
    return [
        *_QUIET,
        *input_flags(),
        *_reopened(demuxer),
        "-i",
        f"file:{source}",
        "-select_streams",
        str(stream_index),
        "-read_intervals",
        f"{at_s:.6f}%+#1",
        "-show_entries",
        "packet=pts_time",
        "-of",
        "csv=p=0",
    ]


def decode_argv(
    source: str, *, demuxer: str | None, stream_index: int, n_frames: int, threads: int
) -> list[str]:
    """Decode the first frames of a stream, wherever they are, and throw them away."""
    return [
        # Damaged ones before them are no reason to give up.
        *("-max_error_rate", "1"),
        *input_flags(),
        *_reopened(demuxer),
        *("-threads", str(threads)),
        *("-i", f"file:{source}"),
        *("-map", f"0:{stream_index}"),
        # One of the two applies.
        *("-frames:v", str(n_frames)),
        *("-frames:a", str(n_frames)),
        *("-f", "null", "-"),
    ]


def _opened(source: str, demuxer: str | None, max_pixels: int, max_streams: int) -> list[str]:
    return [
        *input_flags(max_pixels=max_pixels, max_streams=max_streams),
        *_forced(demuxer),
        *PATIENCE,
        "-i",
        f"file:{source}",
    ]


def _forced(demuxer: str | None) -> list[str]:
    """Open as what the first bytes say, instead of letting ffmpeg guess."""
    return [] if demuxer is None else ["-f", demuxer]


def _reopened(demuxer: str | None) -> list[str]:
    """Open again what was described: with as much patience where there is no header to go by."""
    return flags(patience(demuxer)) if demuxer else []
