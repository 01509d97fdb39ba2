"""One ffmpeg per chunk: decode once, lay on the grid, encode every rung to finished segments.

The command was found by trial, see ``DESIGN.md`` §5.4: each flag below that looks odd is there
because its absence lost frames, moved times or made init segments differ.
"""

from bisect import bisect_right
from enum import Enum, auto
from fractions import Fraction
from math import floor
from typing import Any

import ffmpeg

from pipeline.core import colors
from pipeline.core.argv import cascade, encoders, picture, watermark
from pipeline.core.argv.source import input_options as source_options
from pipeline.core.argv.source import patience
from pipeline.core.argv.threads import dealt
from pipeline.core.argv.wish import Wish
from pipeline.core.chunks import keyframe_frames
from schemas.media import VideoFacts
from schemas.plan import Grid, RungPlan
from schemas.tasks import EncodeParams

#: Presentation time of the asset's zero in every output, in seconds. Room for the B-frame delay
#: and for sound that begins before the picture, so that nothing is ever negative.
OUTPUT_START_S = 10

#: A source frame this close to a grid point, in its own frames, is shown there: less than the half
#: by which the grid rounds, so that a keyframe right at a chunk's start is good enough to seek to.
_NEAR_FRAMES = Fraction(1, 4)
#: Outside MP4, ffmpeg seeks this much earlier than told where frames are out of order. Asking for
#: as much more than a keyframe's time lands on that keyframe.
_SEEK_HEURISTIC_S = 0.14
#: Demuxers that seek from an index of all keyframes, laid on presentation times by its first.
_INDEXED_CONTAINERS = frozenset(("mov",))
#: Demuxers whose index may be of decoding times: the keyframe must lie well before the chunk.
#: So it must where a filter looks back at earlier pictures.
_EXACT_CONTAINERS = _INDEXED_CONTAINERS | {"matroska"}
_SAFE_MARGIN_S = 1.0
#: Seek this far before a chunk when no keyframe is known; the demuxer finds one before that.
_BLIND_MARGIN_S = 2.0

INIT_NAME = "init.mp4"
SEGMENT_PATTERN = "%05d.m4s"
LIST_NAME = "list.m3u8"


class Fill(Enum):
    """What stands where a source that should have pictures has none."""

    #: Nothing, but at the asset's end, where the last picture is held a little.
    NONE = auto()
    #: The last picture, to the end of the chunk.
    HOLD = auto()
    #: Black, all over the chunk: nothing of it decodes.
    BLACK = auto()


def chunk_argv(
    params: EncodeParams, *, source: str, encoder: str, threads: int, fill: Fill = Fill.NONE
) -> list[str]:
    """Build the command line of a chunk, without the program's name.

    ``source`` is a local path. Outputs are relative to the working folder, one folder per rung,
    which must exist: ``{rung}/init.mp4``, ``{rung}/%05d.m4s``, ``{rung}/list.m3u8``.
    """
    video = params.facts.video
    if video is None:
        raise ValueError("a source without a picture has no chunks to encode")
    table = encoders.look_up(encoder)
    if fill is Fill.BLACK:
        size = (params.rungs[0].width_px, params.rungs[0].height_px)
        shown = picture.black(size, params.grid, params.chunk)
    else:
        shown = _shown(params, video, source, threads, is_held=fill is Fill.HOLD)
    outputs = []
    shares = dealt(threads, params.rungs)
    pixel_format = table.format_for(params.rungs[0].bit_depth)
    streams = cascade.sized(shown, params.rungs, video, pixel_format)
    streams = _marked(streams, params, colors.output(video, params.rungs[0].video_range).matrix)
    for rung, sized, share in zip(params.rungs, streams, shares, strict=True):
        stream = sized.filter("hwupload") if table.needs_upload else sized
        light = (video.mastering_display, video.content_light)
        wish = Wish(rung, params.preset, keyframe_frames(params.grid), share, *light)
        outputs.append(_output(stream, params, rung, encoders.options(encoder, wish)))
    compiled = ffmpeg.compile(ffmpeg.merge_outputs(*outputs))[1:]
    # Keep the source's timestamps: the grid counts from them. However much of the source does
    # not decode, go on: what is missing is counted afterwards.
    return ["-copyts", "-max_error_rate", "1", *table.device_flags, *compiled]


def _shown(
    params: EncodeParams, video: VideoFacts, source: str, threads: int, *, is_held: bool
) -> Any:
    """Open the source and show its pictures on the grid as a viewer sees them."""
    opened = ffmpeg.input(f"file:{source}", **input_options(params, threads))[str(video.index)]
    laid = picture.on_grid(
        opened, video, params.grid, params.chunk, params.deinterlace, is_held=is_held
    )
    largest = params.rungs[0]
    size_px = (largest.width_px, largest.height_px)
    return picture.displayed(laid, video, size_px, largest.video_range)


def _marked(streams: list[Any], params: EncodeParams, matrix: str) -> list[Any]:
    """Lay the watermark over each rung, in its own size."""
    mark = params.watermark
    if mark is None:
        return streams
    images = watermark.opened(len(streams))
    return [
        watermark.laid_over(stream, image, mark, rung, params.grid, matrix)
        for stream, image, rung in zip(streams, images, params.rungs, strict=True)
    ]


def input_options(params: EncodeParams, threads: int) -> dict[str, str | None]:
    """Name the options that open a chunk's source where its pictures begin."""
    options: dict[str, str | None] = {
        **source_options(),
        **patience(params.facts.container),
        **(picture.input_options(params.facts.video) if params.facts.video else {}),
        "threads": str(threads),
        # A change of size in mid-stream would rebuild the graph and restart the grid; the scale
        # filter copes with it by itself.
        "reinit_filter": "0",
    }
    seek_s = seek_target_s(params)
    if seek_s is not None:
        options |= {
            "ss": f"{seek_s:.6f}",
            # Source time as it is, not counted from the file's first stream.
            "seek_timestamp": "1",
            # Hand over everything from the keyframe on: the grid itself drops what is early, and
            # a frame shown since before the chunk starts must not be lost.
            "noaccurate_seek": None,
        }
    return options


def seek_target_s(params: EncodeParams) -> float | None:
    """Choose where to seek, in source seconds; None means from the start."""
    grid, chunk, video = params.grid, params.chunk, params.facts.video
    if video is None or (chunk.first_frame == 0 and params.facts.skipped_s is None):
        return None
    if not params.facts.is_seekable:
        # One chunk, whose start a trim may have moved: what lies before it is decoded and dropped.
        return None
    rate = grid.frame_rate
    near_s = _NEAR_FRAMES / max(rate, video.frame_rate)
    latest_s = float(grid.source_start_s + chunk.first_frame / rate + near_s)
    container = params.facts.container
    if container not in _EXACT_CONTAINERS or video.is_interlaced:
        latest_s -= _SAFE_MARGIN_S
    elif container in _INDEXED_CONTAINERS:
        # By decoding time, and a keyframe decoded by then may be shown later: pictures before it
        # that need the group before would be lost.
        return latest_s - float(video.keyframe_lead_s)
    before = bisect_right(video.keyframes_s, latest_s)
    if not before:
        return latest_s - _BLIND_MARGIN_S
    return min(video.keyframes_s[before - 1] + _SEEK_HEURISTIC_S, latest_s)


def _output(stream: Any, params: EncodeParams, rung: RungPlan, encoder: dict[str, str]) -> Any:
    return ffmpeg.output(
        stream,
        f"{rung.name}/{LIST_NAME}",
        **encoder,
        **_carried_on(params, rung, encoder),
        **_exact_frames(params),
        **segment_options(rung.name),
        hls_time=_cut_s(params.grid),
        hls_playlist_type="vod",
        start_number=params.chunk.first_frame // params.grid.segment_frames,
    )


def _carried_on(params: EncodeParams, rung: RungPlan, encoder: dict[str, str]) -> dict[str, str]:
    """Begin a chunk as full of bits as one piece would be there, on average.

    x264 takes the players' buffer for nearly full at its start: each chunk's first segment of a
    rung at its ceiling came out a sixth too large. Half of it (a second) is what it settles at.
    """
    if params.chunk.first_frame == 0 or encoder["c:v"] != "libx264":
        return {}
    return {"rc_init_occupancy": str(rung.bitrate_bps)}


def _cut_s(grid: Grid) -> str:
    # At every keyframe. The true length would cut elsewhere whenever a time is rounded.
    return "0.1" if grid.keyframes_per_segment == 1 else cut_s(grid)


def cut_s(grid: Grid) -> str:
    """Say how long a segment is at least; the muxer cuts at the next keyframe.

    It counts on from the start and would drift if this were short by more than a rounding;
    rounded up, it would pass over the keyframe that is meant.
    """
    return f"{floor(grid.segment_frames / grid.frame_rate * 1_000_000) / 1_000_000:.6f}"


def _exact_frames(params: EncodeParams) -> dict[str, str]:
    grid, chunk = params.grid, params.chunk
    return {
        # Exactly the chunk's frames, as the filters timed them: no doubling, no dropping.
        "frames:v": str(chunk.end_frame - chunk.first_frame),
        "fps_mode": "passthrough",
        "force_key_frames": _keyframe_expression(grid, chunk.first_frame),
        # One constant for all chunks and for the sound; without it the first chunk alone would
        # be moved by its B-frame delay.
        "output_ts_offset": str(OUTPUT_START_S),
    }


def _keyframe_expression(grid: Grid, first_frame: int) -> str:
    """Force keyframes from each segment's first frame on, a quarter frame early to be safe."""
    rate = grid.frame_rate
    frame = f"({first_frame}+n_forced*{keyframe_frames(grid)}-0.25)"
    return f"expr:gte(t,{frame}*{rate.denominator}/{rate.numerator})"


def segment_options(folder: str) -> dict[str, str]:
    """Name the options that write CMAF segments into a folder; shared with the sound."""
    return {
        "f": "hls",
        "hls_segment_type": "fmp4",
        "hls_fmp4_init_filename": INIT_NAME,
        "hls_segment_filename": f"{folder}/{SEGMENT_PATTERN}",
        # Times in fragments are absolute, and the init segment knows nothing of where we start.
        "hls_segment_options": "movflags=+frag_discont",
        # Keep every entry of the list.
        "hls_list_size": "0",
        # Titles, GPS positions and chapters of the source stay private.
        "map_metadata": "-1",
        "map_chapters": "-1",
        # No encoder version in the files: init segments stay equal from box to box.
        "fflags": "+bitexact",
    }
