"""Command lines that make one file of what a publisher sent: copied where that is possible.

What follows the program's name. Times are the broadcast's: nothing may move them, however long
its publisher was away.
"""

from pipeline.core.argv.mux import MOST_MOVED_BYTES
from pipeline.core.argv.source import PATIENCE, input_flags

SOURCE_NAME = "source.mp4"
#: Seconds beyond which ffmpeg may correct a time by itself: never.
_NEVER_S = "1e12"
_LOOSE = ("-dts_delta_threshold", _NEVER_S, "-dts_error_threshold", _NEVER_S, "-copyts")
#: Sound and picture, one of each, where there is one.
_TRACKS = ("-map", "0:v:0?", "-map", "0:a:0?")
#: Nothing that shows: other rungs are made of it, and it is what a streamer downloads.
_CRF = "16"


def copy_argv(name: str, *, n_bytes: int) -> list[str]:
    """Copy an FLV of so many bytes into an MP4, its index in front unless that takes too long."""
    moved = ["-movflags", "+faststart"] if n_bytes <= MOST_MOVED_BYTES else []
    return [
        *_opened(name),
        "-c",
        "copy",
        # B-frames may decode before zero: an edit list says so.
        "-avoid_negative_ts",
        "disabled",
        "-map_metadata",
        "-1",
        "-fflags",
        "+bitexact",
        *moved,
        "-f",
        "mp4",
        f"file:{SOURCE_NAME}",
        "-y",
    ]


def encode_argv(name: str, target: str, *, size_px: tuple[int, int], threads: int) -> list[str]:
    """Encode one part so that all of them end up with the same parameters, as FLV again."""
    width, height = size_px
    fitted = f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2"
    return [
        *_opened(name),
        "-vf",
        f"{fitted},pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1",
        # Each picture at its own time; and no parameter may tell of this part's rate.
        "-fps_mode",
        "passthrough",
        "-enc_time_base:v",
        "1:1000",
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", _CRF, "-pix_fmt", "yuv420p"),
        *("-profile:v", "high", "-level:v", "5.2", "-g", "60", "-bf", "0"),
        *("-threads:v", str(threads)),
        *("-c:a", "aac", "-ar", "48000", "-ac", "2", "-b:a", "192k"),
        # What an encoder puts before its first sample must not wrap below zero.
        "-bsf:a",
        "setts=pts='max(PTS,0)':dts='max(DTS,0)'",
        "-avoid_negative_ts",
        "disabled",
        "-f",
        "flv",
        "-flvflags",
        "no_duration_filesize",
        f"file:{target}",
        "-y",
    ]


def _opened(name: str) -> list[str]:
    # Our own file, but strangers' packets: as guarded as what is handed in.
    return [*input_flags(), *PATIENCE, "-f", "flv", *_LOOSE, "-i", f"file:{name}", *_TRACKS]
