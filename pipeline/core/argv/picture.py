"""The filters that lay a source's pictures on the grid and make them fit for the web.

Built with ffmpeg-python on its streams; rotation is left to ffmpeg's autorotate.
"""

from fractions import Fraction
from typing import Any

import ffmpeg

from pipeline.core.chunks import tail_frames
from schemas.media import VideoFacts
from schemas.plan import ChunkPlan, Grid, RungPlan

#: Ticks of the working clock per grid frame: fine enough that no frame is mistaken for its
#: neighbour, and grid frames are whole ticks, so that rounding is the same in every chunk.
TICKS_PER_FRAME = 64

#: Transfer curves of HDR: PQ and HLG.
HDR_TRANSFERS = frozenset(("smpte2084", "arib-std-b67"))

_MATRICES = frozenset(("bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc"))
_PRIMARIES = frozenset(
    ("bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "film", "bt2020", "smpte432")
)
_TRANSFERS = frozenset(
    ("bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "iec61966-2-1", "bt2020-10")
)
#: Matrix names of RGB pictures, which have none until we make YUV of them.
_RGB = frozenset(("gbr", "rgb"))


def is_hdr(video: VideoFacts) -> bool:
    """Tell whether the picture must be tone-mapped for 8-bit output."""
    return video.color_transfer in HDR_TRANSFERS


def on_grid(
    stream: Any, video: VideoFacts, grid: Grid, chunk: ChunkPlan, *, is_held: bool = False
) -> Any:
    """Give each grid frame of a chunk its source frame; the asset's last one is held a little.

    With ``is_held`` the last frame that decodes is held to the chunk's end, however far it is.
    """
    if video.is_interlaced:
        # One frame per frame: fields become whole pictures, the rate stays.
        stream = stream.filter("bwdif", mode="send_frame", deint="all")
    rate = grid.frame_rate
    tick_s = 1 / (rate * TICKS_PER_FRAME)
    # From the source's clock, however coarse, to one on which grid frames are whole ticks.
    stream = stream.filter("settb", expr=_ratio(tick_s))
    # Source time to time from the asset's zero.
    late_ticks = round(_leeway_frames(video, grid) * TICKS_PER_FRAME)
    start_ticks = round(grid.source_start_s / tick_s) - late_ticks
    stream = stream.filter("setpts", expr=f"PTS-({start_ticks})")
    # Doubles and drops frames so that exactly one stands at each grid point from the first on.
    stream = stream.filter(
        "fps", fps=_ratio(rate), start_time=f"{float(chunk.first_frame / rate):.6f}"
    )
    if is_held:
        stream = stream.filter("tpad", stop_mode="clone", stop=-1)
    elif chunk.end_frame == grid.n_frames:
        stream = stream.filter("tpad", stop_mode="clone", stop=tail_frames(grid))
    return stream


def _leeway_frames(video: VideoFacts, grid: Grid) -> Fraction:
    """Move the frames of a halved rate off the middle between two grid points.

    There a coarse clock's rounding would decide which of two frames is shown.
    """
    if video.is_variable_rate or video.frame_rate <= grid.frame_rate:
        return Fraction(0)
    return (1 - grid.frame_rate / video.frame_rate) / 2


def black(size_px: tuple[int, int], grid: Grid, chunk: ChunkPlan) -> Any:
    """Make black pictures for a chunk of which nothing decodes."""
    rate = _ratio(grid.frame_rate)
    source = f"color=black:size={size_px[0]}x{size_px[1]}:rate={rate}"
    stream = ffmpeg.input(source, f="lavfi")
    tick_s = 1 / (grid.frame_rate * TICKS_PER_FRAME)
    stream = stream.filter("settb", expr=_ratio(tick_s))
    return stream.filter("setpts", expr=f"(N+{chunk.first_frame})*{TICKS_PER_FRAME}")


def sized(
    stream: Any, rung: RungPlan, video: VideoFacts, pixel_format: str, *, is_again: bool = False
) -> Any:
    """Scale to a rung's size with square pixels, 4:2:0, limited range.

    ``is_again``: the pictures were scaled once already.
    """
    # Players take limited range for granted, whatever the tags say.
    options = {"w": rung.width_px, "h": rung.height_px, "out_range": "tv"}
    if video.color_space in _RGB:
        # Without a word it would be BT.601, which players do not expect in HD.
        options["out_color_matrix"] = "bt709"
    if is_again:
        # The usual bicubic twice is soft.
        options["flags"] = "lanczos"
    stream = stream.filter("scale", **options)
    # The size already has the sample aspect ratio in it.
    stream = stream.filter("setsar", "1")
    stream = stream.filter("format", pixel_format)
    # On the pictures, because encoders take tags from there and ignore the options of that name.
    return stream.filter("setparams", **color_tags(video))


def tone_mapped(stream: Any, rung: RungPlan) -> Any:
    """Bring HDR down to BT.709, at the size of the highest rung to spare work."""
    stream = stream.filter("scale", w=rung.width_px, h=rung.height_px)
    # Linear light, 100 cd/m² being SDR white, in floating point.
    stream = stream.filter("zscale", transfer="linear", npl="100")
    stream = stream.filter("format", "gbrpf32le")
    stream = stream.filter("zscale", primaries="bt709")
    # Hable keeps detail in highlights; no desaturation of bright colours.
    stream = stream.filter("tonemap", tonemap="hable", desat="0")
    stream = stream.filter("zscale", transfer="bt709", matrix="bt709", range="tv")
    return stream.filter("format", "yuv420p")


def color_tags(video: VideoFacts) -> dict[str, str]:
    """Tag the output as the source is tagged; what the source does not say is not invented."""
    if is_hdr(video):
        return _tags("bt709", "bt709", "bt709")
    matrix = "bt709" if video.color_space in _RGB else video.color_space
    return _tags(
        matrix if matrix in _MATRICES else None,
        video.color_primaries if video.color_primaries in _PRIMARIES else None,
        video.color_transfer if video.color_transfer in _TRANSFERS else None,
    )


def _tags(matrix: str | None, primaries: str | None, transfer: str | None) -> dict[str, str]:
    tags = {"colorspace": matrix, "color_primaries": primaries, "color_trc": transfer}
    return {"range": "tv"} | {name: value for name, value in tags.items() if value}


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
