"""The command line that cuts a source into segments without encoding it."""

from fractions import Fraction

import ffmpeg

from pipeline.core.argv.encode import LIST_NAME, OUTPUT_START_S, cut_s, segment_options
from pipeline.core.argv.source import input_options
from schemas.tasks import EncodeParams
from schemas.vocabulary import VideoCodec


def copy_argv(params: EncodeParams, *, source: str) -> list[str]:
    """Build the command line, without the program's name; outputs as those of ``chunk_argv``."""
    video, (rung,) = params.facts.video, params.rungs
    if video is None:
        raise ValueError("a source without a picture has nothing to copy")
    opened = ffmpeg.input(f"file:{source}", **input_options())[str(video.index)]
    compiled: list[str] = ffmpeg.compile(
        ffmpeg.output(
            opened,
            f"{rung.name}/{LIST_NAME}",
            **{"c:v": "copy", "bsf:v": _on_grid(params)},
            # Apple plays no hev1.
            **({"tag:v": "hvc1"} if rung.codec is VideoCodec.HEVC else {}),
            output_ts_offset=str(OUTPUT_START_S),
            **segment_options(rung.name),
            # The muxer waits for the keyframe that begins the next segment.
            hls_time=cut_s(params.grid),
            hls_playlist_type="vod",
            start_number=0,
        )
    )[1:]
    # Keep the source's timestamps: the grid counts from them.
    return ["-copyts", *compiled]


def decode_argv(params: EncodeParams, *, source: str, threads: int) -> list[str]:
    """Decode the picture to nothing, to hear whether the decoder complains of any of it."""
    video = params.facts.video
    if video is None:
        raise ValueError("a source without a picture has nothing to decode")
    opened = ffmpeg.input(f"file:{source}", **input_options(), threads=str(threads))
    output = ffmpeg.output(opened[str(video.index)], "-", f="null", fps_mode="passthrough")
    compiled: list[str] = ffmpeg.compile(output)[1:]
    return ["-copyts", *compiled]


def _on_grid(params: EncodeParams) -> str:
    """Move each time to the grid frame it stands for, counted from the asset's zero."""
    grid = params.grid
    start, rate = grid.source_start_s, grid.frame_rate
    zero, beat = f"({start.numerator}/{start.denominator})", f"({_ratio(rate)})"
    # In the source's own clock: ffmpeg does not tell the muxer of another one.
    moved = f"round(round(({{}}*TB-{zero})*{beat})/{beat}/TB)"
    return f"setts=pts={moved.format('PTS')}:dts={moved.format('DTS')}"


def _ratio(rate: Fraction) -> str:
    return f"{rate.numerator}/{rate.denominator}"
