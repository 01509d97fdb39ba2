"""Command lines that find out what of a source does not decode, and when.

Only run for what complained while it was encoded, so that healthy media is decoded once.
"""

import ffmpeg

from pipeline.core.argv.encode import input_options
from pipeline.core.argv.source import flags, input_flags, patience
from pipeline.core.argv.source import input_options as source_options
from schemas.media import VideoFacts
from schemas.tasks import EncodeAudioParams, EncodeParams

#: Times of packets and frames are told at this level.
_TALKATIVE = ["-loglevel", "repeat+level+info"]
_SEEKING = ("ss", "seek_timestamp", "noaccurate_seek")


def picture_argv(
    params: EncodeParams, *, source: str, until_s: float, earlier_s: float = 0
) -> list[str]:
    """Decode a chunk's pictures once more, telling of each packet and each frame.

    Args:
        params: the chunk's.
        source: a local path.
        until_s: source time at which the chunk ends.
        earlier_s: how much earlier than the encode to enter the source.
    """
    video = params.facts.video
    if video is None:
        raise ValueError("a source without a picture has none to survey")
    # Entered where the encode entered it: what is damaged there is damaged here. One thread,
    # because decoders that work on several frames at once forget to mark some.
    options = input_options(params, threads=1)
    if earlier_s and options.get("ss") is not None:
        options = _entered_at(options, float(options["ss"] or 0) - earlier_s, video)
    opened = ffmpeg.input(f"file:{source}", **options)
    stream = opened[str(video.index)].filter("trim", end=f"{until_s:.6f}")
    compiled = ffmpeg.compile(ffmpeg.output(stream, "-", f="null", fps_mode="passthrough"))[1:]
    # One line per packet read and frame decoded, in the order of the decoder's own messages.
    return [*_TALKATIVE, "-debug_ts", "-copyts", "-max_error_rate", "1", *compiled]


def _entered_at(
    options: dict[str, str | None], at_s: float, video: VideoFacts
) -> dict[str, str | None]:
    """Seek to another time; before the picture's start there is nothing to seek."""
    if at_s <= video.start_s:
        return {name: options[name] for name in options if name not in _SEEKING}
    return options | {"ss": f"{at_s:.6f}"}


def sound_packets_argv(params: EncodeAudioParams, *, source: str) -> list[str]:
    """Ask ffprobe when each packet of the sound begins and how long it is."""
    return [
        "-hide_banner",
        *("-loglevel", "error"),
        *input_flags(),
        *flags(patience(params.facts.container)),
        *("-i", f"file:{source}"),
        *("-select_streams", str(params.audio.source_index)),
        *("-show_entries", "packet=pts_time,duration_time,flags"),
        *("-of", "csv=p=0"),
    ]


def sound_frames_argv(params: EncodeAudioParams, *, source: str) -> list[str]:
    """Decode the whole sound once more into a list of its frames on stdout."""
    opened = ffmpeg.input(f"file:{source}", **source_options(), **patience(params.facts.container))
    stream = opened[str(params.audio.source_index)]
    # Samples as they come, one line per frame: time, length and a checksum nobody reads.
    output = ffmpeg.output(stream, "-", f="framecrc", **{"c:a": "pcm_s16le"})
    # Keep going, however much of it is damaged.
    tolerant = ["-max_error_rate", "1"]
    # Marked and repeated, errors can be counted.
    told = ["-loglevel", "repeat+level+error"]
    return ["-hide_banner", "-nostdin", *told, "-copyts", *tolerant, *ffmpeg.compile(output)[1:]]
