"""Command lines that decode sound to be compared: placed by its own times, not by a resampler.

Outputs are relative to the working folder: ``{name}.sound`` (16 bits, one channel),
``{name}.places`` (where each run of samples belongs) and ``{name}.loudness``.
"""

from dataclasses import dataclass
from typing import Any

import ffmpeg

from pipeline.core.argv.proof import SEEK_MARGIN_S, Window
from pipeline.core.argv.source import input_options
from pipeline.core.mixing import mix
from schemas.media import AudioFacts, MediaFacts
from schemas.plan import AudioPlan

#: Enough to place sound within an eighth of a millisecond, and quick to search.
RATE_HZ = 8000


def sound_argv(name: str) -> list[str]:
    """Decode a joined rendition, ``{name}.mp4``."""
    opened = ffmpeg.input(f"file:{name}.mp4", **input_options())
    return _heard(opened["0"], name, None)


@dataclass(frozen=True)
class SourceSound:
    """What of a source's sound is decoded, and how it was mixed."""

    facts: MediaFacts
    track: AudioFacts
    audio: AudioPlan
    #: The rendition's stretch, by the source's clock.
    window: Window


def source_sound_argv(sound: SourceSound, *, source: str, tail_s: float) -> list[str]:
    """Decode the source's track around a stretch, mixed as the encode mixes it."""
    at_s = sound.window.start_s - SEEK_MARGIN_S
    options: dict[str, str | None] = dict(input_options())
    first_s = sound.facts.start_s - (sound.facts.skipped_s or 0)
    if sound.facts.is_seekable and at_s > first_s:
        options |= {"ss": f"{at_s:.6f}", "seek_timestamp": "1", "noaccurate_seek": None}
    stream = ffmpeg.input(f"file:{source}", **options)[str(sound.track.index)]
    # All ends here, and so does ffmpeg.
    stream = stream.filter("atrim", end=f"{sound.window.end_s + tail_s:.6f}")
    # Whole numbers would clip as soon as channels are added.
    stream = stream.filter("aformat", sample_fmts="fltp")
    pan = mix(sound.track.channel_layout, sound.track.channels, sound.audio.channels)
    if pan is not None:
        stream = stream.filter("pan", args=pan)
    return _heard(stream, f"source-{sound.audio.name}", sound.window)


def _heard(stream: Any, name: str, window: Window | None) -> list[str]:
    copies = stream.filter_multi_output("asplit", 2)
    placed = copies[0].filter("aresample", RATE_HZ)
    placed = placed.filter("aformat", sample_fmts="s16", channel_layouts="mono")
    both = placed.filter_multi_output("asplit", 2)
    loud = copies[1]
    if window is not None:
        loud = loud.filter("atrim", start=f"{window.start_s:.6f}", end=f"{window.end_s:.6f}")
    loud = loud.filter("ebur128", metadata="1", framelog="quiet")
    key = "lavfi.r128.I"
    loud = loud.filter("ametadata", mode="print", key=key, file=f"{name}.loudness")
    outputs = ffmpeg.merge_outputs(
        ffmpeg.output(both[0], f"{name}.sound", f="s16le"),
        # Its lines hold time and length of each run of samples.
        ffmpeg.output(both[1], f"{name}.places", f="framecrc"),
        ffmpeg.output(loud, "-", f="null"),
    )
    # Keep the clocks of the files: everything is known by its time. However much does not decode,
    # go on: the encode of the source did too.
    return ["-copyts", "-max_error_rate", "1", *ffmpeg.compile(outputs)[1:]]
