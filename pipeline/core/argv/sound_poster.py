"""Command lines for the poster of a sound: its cover picture, else its drawn waveform.

Both write ``NAME`` as a JPEG of ``SIZE_PX``.
"""

from typing import Any

import ffmpeg

from pipeline.core.argv.source import input_options
from schemas.media import AudioFacts, MediaFacts

NAME = "poster.jpg"
SIZE_PX = (1280, 720)

_WAVE_COLOR = "0x4aa3df"
#: The filter that draws keeps all it is given in memory: as many values do for any length.
_MOST_VALUES = 4_000_000
_MOST_VALUES_HZ = 8_000


def cover_argv(facts: MediaFacts, *, source: str) -> list[str]:
    """Fit the cover into the poster; black beside it."""
    width_px, height_px = SIZE_PX
    stream = ffmpeg.input(f"file:{source}", **input_options())[str(facts.cover_index)]
    stream = stream.filter(
        "scale",
        w=width_px,
        h=height_px,
        force_original_aspect_ratio="decrease",
        force_divisible_by=2,
        out_range="pc",
        out_color_matrix="bt601",
    )
    stream = stream.filter("pad", w=width_px, h=height_px, x=-1, y=-1)
    return _compiled(stream.filter("setsar", "1"))


def waveform_argv(facts: MediaFacts, track: AudioFacts, *, source: str) -> list[str]:
    """Draw how loud a track is over its whole length."""
    values_hz = round(min(_MOST_VALUES_HZ, _MOST_VALUES / max(1, float(facts.duration_s))))
    stream = ffmpeg.input(f"file:{source}", **input_options())[str(track.index)]
    stream = stream.filter("aresample", _MOST_VALUES_HZ)
    stream = stream.filter("aformat", sample_fmts="flt", channel_layouts="mono")
    # Of the sound's size, not of the sound, little is lost at a low rate.
    stream = stream.filter("aeval", exprs="abs(val(0))").filter("aresample", values_hz)
    stream = stream.filter(
        "showwavespic",
        s=f"{SIZE_PX[0]}x{SIZE_PX[1]}",
        colors=_WAVE_COLOR,
        # Quiet passages are to be seen too.
        scale="sqrt",
    )
    return _compiled(stream)


def _compiled(stream: Any) -> list[str]:
    options = {
        "c:v": "mjpeg",
        "q:v": "3",
        "color_range": "pc",
        "frames:v": "1",
        "update": "1",
        "f": "image2",
    }
    # JPEG knows no transparency, and other pictures than these are rare and badly supported.
    stream = stream.filter("format", "yuvj420p")
    compiled: list[str] = ffmpeg.compile(ffmpeg.output(stream, NAME, **options))[1:]
    return compiled
