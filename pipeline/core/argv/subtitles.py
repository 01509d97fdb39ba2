"""Subtitles: read once, all tracks in one go, each written as a WebVTT file."""

from collections.abc import Sequence

from pipeline.core.argv.encode import OUTPUT_START_S
from pipeline.core.argv.source import input_flags
from schemas.plan import SubtitlePlan
from schemas.tasks import ExtractSubtitlesParams


def subtitles_argv(
    params: ExtractSubtitlesParams, *, source: str, tracks: Sequence[SubtitlePlan]
) -> list[str]:
    """Build the command line, without the program's name; it writes ``NAME.vtt`` per track.

    ffmpeg-python knows no two outputs of one input with maps of their own, so it is written out.
    """
    outputs = [word for track in tracks for word in _output(params, track)]
    # Keep the source's timestamps: the offset to the picture is in them.
    return ["-copyts", *input_flags(), "-i", f"file:{source}", *outputs]


def _output(params: ExtractSubtitlesParams, track: SubtitlePlan) -> list[str]:
    return [
        *("-map", f"0:{track.source_index}"),
        # Converting WebVTT to itself would lose ruby and voices.
        *("-c:s", "copy" if track.codec == "webvtt" else "webvtt"),
        # The asset's zero lies at ten seconds here too, or, where it is trimmed, that of the
        # whole: WebVTT knows no times before zero.
        *("-output_ts_offset", f"{float(OUTPUT_START_S - params.zero_s + params.skipped_s):.9f}"),
        *("-f", "webvtt", file_name(track)),
    ]


def file_name(track: SubtitlePlan) -> str:
    """Name the file of a track in the scratch folder."""
    return f"{track.name}.vtt"
