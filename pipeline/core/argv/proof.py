"""Command lines of a proof: decode what was made, and its source, to what can be compared.

The source is decoded without the encode's seek and without its frame-rate filter: its pictures
and its sound are known by their own times, so that a fault of either shows. Outputs are relative
to the working folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ffmpeg

from pipeline.core import colors
from pipeline.core.argv import picture, watermark
from pipeline.core.argv.source import input_flags, input_options
from schemas.media import VideoFacts
from schemas.plan import MediaPlan, RungPlan

#: Writes down the time of each picture: the filter prints only pictures that carry a note.
_NOTE = {"mode": "add", "key": "n", "value": "1"}
#: Clock that times are written down by, whatever the file's own.
TICKS_PER_S = 1_000_000
#: Smooths no picture that others do not refer to: a tenth less work, and errors show as before.
_SPARING = {"skip_loop_filter": "noref"}
#: Sound is sought so far before a stretch: whatever lies between two keyframes of the picture.
SEEK_MARGIN_S = 12.0
#: Asked for a keyframe's very time, a demuxer may land on the one before it.
_BEHIND_KEYFRAME_S = 0.002
#: Small pictures are made of ones so many times as wide and high.
_DETAIL = 4


@dataclass(frozen=True)
class Window:
    """A span of time, in seconds of the file's own clock."""

    start_s: float
    end_s: float


def film_argv(
    rung: RungPlan,
    *,
    size_px: tuple[int, int],
    shots: Sequence[Window],
    samples: Sequence[Window],
) -> list[str]:
    """Decode a joined rendition once and whole; keep what lies in shots small, samples as it is.

    Named after the rung, reads ``{name}.mp4``, writes ``{name}.small``, ``{name}.times`` and
    ``{name}.full``.
    """
    name = rung.name
    opened = ffmpeg.input(f"file:{name}.mp4", threads="1", **_SPARING, **input_options())
    small, full = _forked(opened["0"], 2)
    small = _timed(small.filter("select", expr=_within(shots)), f"{name}.times")
    small = small.filter("scale", w=size_px[0], h=size_px[1], flags="area")
    full = full.filter("select", expr=_within(samples))
    outputs = _raw(small, f"{name}.small"), _raw(full, f"{name}.full")
    # Damage is what is looked for: however much there is, go on to the end.
    return _compiled(["-max_error_rate", "1"], *outputs)


@dataclass(frozen=True)
class SourceReel:
    """What of a source's picture is decoded in one go."""

    video: VideoFacts
    plan: MediaPlan
    #: Keyframe to begin from; None: from the start.
    seek_s: float | None
    shots: Sequence[Window]
    samples: Sequence[Window]
    size_px: tuple[int, int]


def source_reel_argv(reel: SourceReel, *, source: str) -> list[str]:
    """Decode shots of a source: small, and their samples at the size of each rung.

    Writes ``source.small``, ``source.times`` and ``source-{rung}.full``.
    """
    options = {**input_options(), **picture.input_options(reel.video), **_seek(reel)}
    # A change of size in mid-stream would rebuild the graph.
    opened = ffmpeg.input(f"file:{source}", threads="1", reinit_filter="0", **options)
    stream = picture.progressive(opened[str(reel.video.index)], reel.video, reel.plan.deinterlace)
    # Everything ends here, and so does ffmpeg.
    stream = stream.filter("trim", end=f"{reel.shots[-1].end_s:.6f}")
    stream = stream.filter("select", expr=_within(reel.shots))
    rungs = reel.plan.rungs if reel.samples else ()
    images = _images(reel, 1 + len(rungs))
    # However much of the source does not decode, the encode went on too.
    tolerant = ["-max_error_rate", "1"]
    if not rungs:
        return _compiled(tolerant, _source_small(stream, reel, images[0]))
    small, full = _forked(stream, 2)
    full = full.filter("select", expr=_within(reel.samples))
    outputs = [_source_small(small, reel, images[0])]
    for rung, each, image in zip(rungs, _forked(full, len(rungs)), images[1:], strict=True):
        outputs.append(_raw(_as_rung(each, rung, reel, image), f"source-{rung.name}.full"))
    return _compiled(tolerant, *outputs)


def _images(reel: SourceReel, n_copies: int) -> list[Any]:
    """Open the watermark, if there is one, so that the source gets it too."""
    if reel.plan.watermark is None:
        return [None] * n_copies
    # Source time may be below zero, where the image's own begins.
    return [one.filter("setpts", expr="PTS-1000000/TB") for one in watermark.opened(n_copies)]


def _seek(reel: SourceReel) -> dict[str, str | None]:
    """Seek to a keyframe; where the demuxer lands earlier, the window drops what is too much."""
    if reel.seek_s is None:
        return {}
    at_s = f"{reel.seek_s + _BEHIND_KEYFRAME_S:.6f}"
    return {"ss": at_s, "seek_timestamp": "1", "noaccurate_seek": None}


def _source_small(stream: Any, reel: SourceReel, image: Any) -> Any:
    stream = _timed(stream, "source.times")
    width_px, height_px = reel.size_px
    # Tone mapping and noise want more than a small picture; a mark would be half a pixel off.
    larger = {"width_px": width_px * _DETAIL, "height_px": height_px * _DETAIL}
    top = reel.plan.rungs[0]
    # Nor may it be more than there is: enlarging makes up detail that no rung has.
    is_small = top.width_px <= larger["width_px"]
    rung = top if image is not None or is_small else top.model_copy(update=larger)
    stream = _displayed(stream, rung, reel)
    # By areas, as the rungs are: the usual scaler would let through more of what is fine.
    stream = stream.filter("scale", w=rung.width_px, h=rung.height_px, flags="area")
    stream = _marked(picture.sized(stream, rung, reel.video, "yuv420p"), rung, reel, image)
    return _raw(stream.filter("scale", w=width_px, h=height_px, flags="area"), "source.small")


def _as_rung(stream: Any, rung: RungPlan, reel: SourceReel, image: Any) -> Any:
    sized = picture.sized(_displayed(stream, rung, reel), rung, reel.video, "yuv420p")
    return _marked(sized, rung, reel, image)


def _marked(stream: Any, rung: RungPlan, reel: SourceReel, image: Any) -> Any:
    """Lay the watermark over, as the encode does: it is part of what is meant."""
    mark, grid = reel.plan.watermark, reel.plan.grid
    if mark is None or grid is None:
        return stream
    matrix = colors.output(reel.video, rung.video_range).matrix
    return watermark.laid_over(stream, image, mark, rung, grid, matrix)


def _displayed(stream: Any, rung: RungPlan, reel: SourceReel) -> Any:
    size_px = rung.width_px, rung.height_px
    return picture.displayed(stream, reel.video, size_px, rung.video_range)


def _timed(stream: Any, name: str) -> Any:
    stream = stream.filter("settb", expr=f"1/{TICKS_PER_S}")
    return stream.filter("metadata", **_NOTE).filter("metadata", mode="print", file=name)


def _within(windows: Sequence[Window]) -> str:
    return "+".join(f"between(t,{one.start_s:.6f},{one.end_s:.6f})" for one in windows) or "0"


def _forked(stream: Any, n_copies: int) -> list[Any]:
    if n_copies == 1:
        return [stream]
    copies = stream.filter_multi_output("split", n_copies)
    return [copies[number] for number in range(n_copies)]


def _raw(stream: Any, name: str) -> Any:
    # Eight bits are enough to know a picture by, and the same on both sides.
    stream = stream.filter("format", "yuv420p")
    return ffmpeg.output(stream, name, f="rawvideo", fps_mode="passthrough")


def check_argv(name: str) -> list[str]:
    """Decode one file of ours to nothing, to hear what the decoder has to say."""
    opened = ffmpeg.input(f"file:{name}", threads="1", **input_options())
    return _compiled(["-max_error_rate", "1"], ffmpeg.output(opened["0"], "-", f="null"))


def tags_argv(name: str) -> list[str]:
    """Read with ffprobe what a file of ours says of its stream, as JSON."""
    return ["-v", "error", "-of", "json", "-show_streams", *input_flags(), f"file:{name}"]


def likeness_argv(name: str, size_px: tuple[int, int], *, has_vmaf: bool) -> list[str]:
    """Measure sampled pictures against the source's, both as raw files of ours.

    Reads ``{name}.pairs`` and ``source-{name}.pairs``; writes ``{name}.ssim`` and ``{name}.vmaf``.
    """
    made, right = (_opened_raw(file, size_px) for file in (f"{name}.pairs", f"source-{name}.pairs"))
    if not has_vmaf:
        measured = ffmpeg.filter([made, right], "ssim", stats_file=f"{name}.ssim")
        return _compiled([], ffmpeg.output(measured, "-", f="null"))
    (made, for_vmaf), (right, by_vmaf) = _forked(made, 2), _forked(right, 2)
    measured = ffmpeg.filter([made, right], "ssim", stats_file=f"{name}.ssim")
    seen = ffmpeg.filter(
        [for_vmaf, by_vmaf], "libvmaf", n_threads=1, log_fmt="json", log_path=f"{name}.vmaf"
    )
    outputs = (ffmpeg.output(one, "-", f="null") for one in (measured, seen))
    return _compiled([], *outputs)


def _opened_raw(name: str, size_px: tuple[int, int]) -> Any:
    options = {"pixel_format": "yuv420p", "video_size": size_px, "framerate": "25"}
    return ffmpeg.input(f"file:{name}", f="rawvideo", **options)["0"]


def _compiled(options: Sequence[str], *outputs: Any) -> list[str]:
    # Keep the clocks of the files: everything is known by its time.
    return ["-copyts", *options, *ffmpeg.compile(ffmpeg.merge_outputs(*outputs))[1:]]


def packet_times_argv(source: str, *, index: int, window: Window) -> list[str]:
    """Ask ffprobe when a track's packets are shown, one a line, over a span and a little more."""
    return [
        *("-v", "error"),
        *input_flags(),
        *("-select_streams", str(index)),
        *("-read_intervals", f"{max(0.0, window.start_s):.3f}%{window.end_s + 1:.3f}"),
        *("-show_entries", "packet=pts_time", "-of", "csv=p=0"),
        f"file:{source}",
    ]
