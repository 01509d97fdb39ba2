"""The command line that copies a source, packet by packet, into a container with exact times.

What follows the program's name; ffmpeg's own repair of jumping clocks is kept out of it: it
looks at one packet at a time and lets picture and sound drift apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pipeline.core.argv.source import PATIENCE, input_flags
from pipeline.core.mending import Shift

#: Seconds beyond which ffmpeg may correct a time by itself: never.
_NEVER_S = "1e12"


@dataclass(frozen=True)
class TrackCopy:
    """One track of the copy."""

    #: Stream index in the source.
    index: int
    is_video: bool
    base: Fraction
    shifts: tuple[Shift, ...]
    #: Some packets go back in decoding time by a little.
    is_unordered: bool = False
    #: Presentation times must be found in the pictures themselves.
    needs_pts: bool = False
    #: Period to count packets by where none has any time.
    period_s: Fraction | None = None
    #: Filters that mend packets, before their times.
    filters: tuple[str, ...] = ()


def remux_argv(
    source: str, target: str, *, demuxer: str, muxer: str, tracks: Sequence[TrackCopy]
) -> list[str]:
    """Copy some tracks of a source; ``target`` is relative to the working folder."""
    maps = [word for track in tracks for word in ("-map", f"0:{track.index}")]
    return [
        *input_flags(),
        "-f",
        demuxer,
        *PATIENCE,
        # What a container leaves out and ffmpeg can tell from the order of pictures.
        "-fflags",
        "+genpts",
        "-dts_delta_threshold",
        _NEVER_S,
        "-dts_error_threshold",
        _NEVER_S,
        # Times as they are: what must change is said below, packet by packet.
        "-copyts",
        "-i",
        f"file:{source}",
        *maps,
        "-c",
        "copy",
        # Packets are counted from the first; pictures before the first keyframe count too.
        "-copyinkf",
        *_filter_flags(tracks),
        # B-frames may decode before zero: an edit list says so.
        "-avoid_negative_ts",
        "disabled",
        "-f",
        muxer,
        target,
    ]


def _filter_flags(tracks: Sequence[TrackCopy]) -> list[str]:
    words = []
    for number, track in enumerate(tracks):
        filters = [*track.filters, *_times(track)]
        if filters:
            words += [f"-bsf:{number}", ",".join(filters)]
    return words


def _times(track: TrackCopy) -> list[str]:
    """Write down the filters that set a track's times."""
    if track.period_s is not None:
        dts = f"round(N*{float(track.period_s / track.base):.9f})"
    else:
        dts = f"DTS{_added(track)}"
    if track.needs_pts:
        return [f"setts=dts={dts}:pts=NOPTS", "dts2pts"]
    if track.period_s is not None:
        return [f"setts=dts={dts}:pts={dts}"]
    if track.is_unordered:
        # PREV_OUTDTS is far below everything for the first packet.
        dts = f"max({dts},PREV_OUTDTS+1)"
        return [f"setts=dts='{dts}':pts='max(PTS{_added(track)},{dts})'"]
    return [f"setts=dts='{dts}':pts='PTS{_added(track)}'"] if _added(track) else []


def _added(track: TrackCopy) -> str:
    """Sum up what is added from which packet on, in ticks."""
    words, before = "", 0
    for shift in track.shifts:
        ticks = round(shift.add_s / track.base)
        step = f"{ticks - before:+d}"
        if ticks != before:
            words += step if shift.first_packet == 0 else f"{step}*gte(N,{shift.first_packet})"
        before = ticks
    return words


def draw_argv(source: str, target: str, *, demuxer: str, max_pixels: int) -> list[str]:
    """Draw pictures anew, each whole and without loss, transparency included."""
    return [
        *input_flags(max_pixels=max_pixels),
        "-f",
        demuxer,
        "-i",
        f"file:{source}",
        "-map",
        "0:v:0",
        # Each at its own time: animations have no beat.
        "-fps_mode",
        "passthrough",
        "-c:v",
        "ffv1",
        "-g",
        "1",
        "-f",
        "matroska",
        target,
    ]
