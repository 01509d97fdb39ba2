"""One ffmpeg for a part of a broadcast: FLV on standard input, every rung it encodes as files.

Each file holds what lies between two keyframes; what is a segment is decided where all rungs are
known, those passed on as well. Times in the files are the broadcast's clock and ``OUTPUT_START_S``.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

import ffmpeg

from pipeline.core.argv import cascade, encoders, picture
from pipeline.core.argv.encode import INIT_NAME, LIST_NAME, OUTPUT_START_S
from pipeline.core.argv.threads import dealt
from pipeline.core.argv.wish import Wish
from pipeline.core.live.lengths import LEAST_S
from pipeline.core.live.plan import PartPlan
from pipeline.core.live.shape import MOST_PIXELS
from schemas.media import VideoFacts
from schemas.plan import AudioPlan, RungPlan
from schemas.vocabulary import VideoRange

_PIPE = "pipe:0"
_ENCODER = "libx264"
FILE_PATTERN = "%07d.m4s"
#: Sound in pieces so short that a segment can be made of whole ones and waits for little.
_SOUND_PIECE_S = "0.25"


@dataclass(frozen=True)
class Start:
    """Where a part begins on the clock of the broadcast."""

    at_s: Fraction
    #: Where its sound does, which is cut on frames of its own; None: there as well.
    sound_s: Fraction | None = None

    @property
    def sound_at_s(self) -> Fraction:
        """Where the first frame of sound belongs."""
        return self.at_s if self.sound_s is None else self.sound_s

    def first_frame(self, rate: Fraction) -> int:
        """Number the first frame of the grid; a little early is as good as in time."""
        return ceil(self.at_s * rate - Fraction(1, 4))


def picture_argv(plan: PartPlan, video: VideoFacts, start: Start, *, threads: int) -> list[str]:
    """Build the command line that encodes the rungs of a part, without the program's name.

    Outputs lie in folders named as the rungs, which must exist.
    """
    opened = ffmpeg.input(_PIPE, **_input_options(), threads=str(threads), reinit_filter="0")
    stream = opened["v:0"]
    if plan.frame_rate is not None:
        stream = _on_grid(stream, plan.frame_rate, start)
    largest = plan.encoded[0]
    size_px = (largest.width_px, largest.height_px)
    shown = picture.displayed(stream, video, size_px, VideoRange.SDR)
    table = encoders.look_up(_ENCODER)
    streams = cascade.sized(shown, plan.encoded, video, table.pixel_format)
    shares = dealt(threads, plan.encoded)
    outputs = [
        _picture_output(sized, rung, plan, start, share)
        for rung, sized, share in zip(plan.encoded, streams, shares, strict=True)
    ]
    return _compiled(*outputs)


def sound_argv(audio: AudioPlan, start: Start) -> list[str]:
    """Build the command line that encodes the sound of a part to AAC."""
    stream = ffmpeg.input(_PIPE, **_input_options())["a:0"]
    stream = stream.filter(
        "aresample",
        audio.sample_rate_hz,
        # Gaps become silence, overlaps are cut; `async` is a word of Python's.
        **{"async": "1"},
        min_hard_comp="0.015",
        first_pts=str(round(start.sound_at_s * audio.sample_rate_hz)),
    )
    output = ffmpeg.output(
        stream,
        f"{audio.name}/{LIST_NAME}",
        **{"c:a": "aac", "b:a": str(audio.bitrate_bps), "ac": str(audio.channels)},
        **_file_options(audio.name, _SOUND_PIECE_S),
    )
    return _compiled(output)


def _input_options() -> dict[str, str | None]:
    return {
        "protocol_whitelist": "file,pipe",
        "max_pixels": str(MOST_PIXELS),
        "f": "flv",
        # The sequence header tells all; waiting for more would be seen as delay.
        "analyzeduration": "500000",
        "fpsprobesize": "0",
        "noautorotate": None,
    }


def _on_grid(stream: Any, rate: Fraction, start: Start) -> Any:
    """Show one picture at each point of the grid from the start on, holding what is missing."""
    tick = 1 / (rate * picture.TICKS_PER_FRAME)
    stream = stream.filter("settb", expr=f"{tick.numerator}/{tick.denominator}")
    first_s = float(start.first_frame(rate) / rate)
    return stream.filter(
        "fps", fps=f"{rate.numerator}/{rate.denominator}", start_time=f"{first_s:.6f}"
    )


def _picture_output(stream: Any, rung: RungPlan, plan: PartPlan, start: Start, threads: int) -> Any:
    rate = plan.frame_rate or Fraction(60)
    wish = Wish(rung, plan.preset, ceil(rate * plan.segment_s * 2), threads)
    return ffmpeg.output(
        stream,
        f"{rung.name}/{LIST_NAME}",
        **encoders.options(_ENCODER, wish),
        fps_mode="passthrough",
        # Else times that vary would be laid on a nominal rate.
        **({"enc_time_base": "1:1000"} if plan.frame_rate is None else {}),
        force_key_frames=_keyframes(plan, start),
        # At every keyframe.
        **_file_options(rung.name, "0.1"),
    )


def _keyframes(plan: PartPlan, start: Start) -> str:
    """Force keyframes where the source has them, or at each whole segment of the clock."""
    if plan.frame_rate is None:
        return "source"
    rate, length_s = plan.frame_rate, plan.segment_s
    first_s = start.first_frame(rate) / rate
    number = ceil((first_s + LEAST_S) / length_s)
    if first_s % length_s == 0:
        number = int(first_s / length_s)
    # The encoder counts time from its first frame; a quarter frame early is in time.
    since = first_s + 1 / (4 * rate)
    return f"expr:gte(t+{since.numerator}/{since.denominator},({number}+n_forced)*{length_s})"


def _file_options(folder: str, length_s: str) -> dict[str, str]:
    return {
        "f": "hls",
        "hls_time": length_s,
        "hls_segment_type": "fmp4",
        "hls_fmp4_init_filename": INIT_NAME,
        "hls_segment_filename": f"{folder}/{FILE_PATTERN}",
        "hls_segment_options": "movflags=+frag_discont",
        # A file has its name once it is whole.
        "hls_flags": "temp_file",
        "hls_list_size": "2",
        "output_ts_offset": str(OUTPUT_START_S),
        "map_metadata": "-1",
        "fflags": "+bitexact",
        # What is finished is written, however long the next picture takes.
        "flush_packets": "1",
    }


def _compiled(*outputs: Any) -> list[str]:
    merged = outputs[0] if len(outputs) == 1 else ffmpeg.merge_outputs(*outputs)
    # Keep the broadcast's clock. However much does not decode, go on.
    return ["-copyts", "-max_error_rate", "1", *ffmpeg.compile(merged)[1:]]
