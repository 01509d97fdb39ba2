"""From a source's pictures to what a viewer sees: whole, on the grid, cropped, upright, opaque.

Built with ffmpeg-python on its streams. ffmpeg would crop and turn by itself, but in front of all
other filters, where the fields of a turned picture lie in columns; so it is told not to, and each
step stands here: ``progressive`` and ``on_grid`` → ``displayed`` → ``sized``. What the output has
to look like is what the first and the third make of the source.
"""

from fractions import Fraction
from typing import Any

import ffmpeg

from pipeline.core import colors
from pipeline.core.argv import film
from pipeline.core.chunks import tail_frames
from pipeline.core.scan import picture_rate
from schemas.media import Crop, VideoFacts
from schemas.plan import ChunkPlan, Grid, RungPlan
from schemas.vocabulary import Deinterlace, FieldOrder, Telecine, VideoRange

#: Ticks of the working clock per grid frame: fine enough that no frame is mistaken for its
#: neighbour, and grid frames are whole ticks, so that rounding is the same in every chunk.
TICKS_PER_FRAME = 64

_Filters = tuple[tuple[str, dict[str, str]], ...]

#: How a picture, mirrored or not, is turned clockwise by so many degrees.
_TURNS: dict[tuple[bool, int], _Filters] = {
    (False, 0): (),
    (False, 90): (("transpose", {"dir": "clock"}),),
    (False, 180): (("hflip", {}), ("vflip", {})),
    (False, 270): (("transpose", {"dir": "cclock"}),),
    (True, 0): (("hflip", {}),),
    (True, 90): (("transpose", {"dir": "clock_flip"}),),
    (True, 180): (("vflip", {}),),
    (True, 270): (("transpose", {"dir": "cclock_flip"}),),
}

#: The native decoders of these leave out the second picture that holds their alpha.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
#: Notes on frames that must not reach the output even where HDR's own are kept.
_FOREIGN_NOTES = ("DISPLAYMATRIX", "A53_CC", "DOVI_RPU_BUFFER", "DOVI_METADATA", "ICC_PROFILE")
_EIGHT_BITS = 8


def input_options(video: VideoFacts) -> dict[str, str | None]:
    """Name the options before ``-i`` that leave to our filters what is theirs."""
    options: dict[str, str | None] = {"noautorotate": None}
    if video.crop is not None:
        # What the codec itself crops stays cropped.
        options["apply_cropping"] = "codec"
    if video.has_alpha and video.codec in _ALPHA_DECODERS:
        options["c:v"] = _ALPHA_DECODERS[video.codec]
    return options


def progressive(
    stream: Any, video: VideoFacts, deinterlace: Deinterlace = Deinterlace.FRAME
) -> Any:
    """Make whole pictures of fields: one of each frame, or one of each field.

    Of film in pulldown too; the frames that come twice then are left in.
    """
    stream = woven(stream, video)
    if video.telecine is Telecine.HARD:
        return film.matched(stream, video)
    if not video.is_interlaced:
        return stream
    options = {"mode": "send_field" if deinterlace is Deinterlace.FIELD else "send_frame"}
    if video.field_order is not None:
        options["parity"] = video.field_order.value
    # Where only some frames are interlaced, their flags are true; elsewhere there may be none.
    options["deint"] = "interlaced" if video.is_mixed_scan else "all"
    return stream.filter("bwdif", **options)


def woven(stream: Any, video: VideoFacts) -> Any:
    """Weave frames of the fields of a source whose decoder gives these one by one.

    Each frame is shown when its first field is. Wherever decoding begins, pairs are the same:
    the flags of the fields make them, no count does.
    """
    if not video.has_separate_fields:
        return stream
    is_top_first = video.field_order is not FieldOrder.BOTTOM_FIRST
    first, second = ("TOPFIRST", "BOTTOMFIRST") if is_top_first else ("BOTTOMFIRST", "TOPFIRST")
    # First and second in turn: a field whose partner is lost costs one frame, not the order.
    wanted = f"eq(interlace_type,if(ld(0),{second},{first}))"
    stream = stream.filter("select", expr=f"if({wanted},gte(st(0,1-ld(0)),0),0)")
    # The filter counts in ticks of two, so these must be fine; and it takes the second's time.
    stream = stream.filter("settb", expr="AVTB")
    stream = stream.filter("setpts", expr="if(mod(N,2),ld(0),st(0,PTS))")
    return stream.filter("weave", first_field="top" if is_top_first else "bottom")


def on_grid(
    stream: Any,
    video: VideoFacts,
    grid: Grid,
    chunk: ChunkPlan,
    deinterlace: Deinterlace = Deinterlace.FRAME,
    *,
    is_held: bool = False,
) -> Any:
    """Give each grid frame of a chunk its source frame; the asset's last one is held a little.

    With ``is_held`` the last frame that decodes is held to the chunk's end, however far it is.
    """
    rate = grid.frame_rate
    tick_s = 1 / (rate * TICKS_PER_FRAME)
    is_film = video.telecine is Telecine.HARD
    # What comes in separate fields is not searched for film.
    if not is_film:
        stream = progressive(stream, video, deinterlace)
    # From the source's clock, however coarse, to one on which grid frames are whole ticks.
    stream = stream.filter("settb", expr=_ratio(tick_s))
    # Source time to time from the asset's zero.
    late_ticks = round(_leeway_frames(video, grid, deinterlace) * TICKS_PER_FRAME)
    start_s = grid.source_start_s + video.stamped_late_s
    start_ticks = round(start_s / tick_s) - late_ticks
    stream = stream.filter("setpts", expr=f"PTS-({start_ticks})")
    if is_film:
        stream = film.untelecined(stream, video, grid, chunk)
    # Doubles and drops frames so that exactly one stands at each grid point from the first on.
    stream = stream.filter(
        "fps", fps=_ratio(rate), start_time=f"{float(chunk.first_frame / rate):.6f}"
    )
    if is_held:
        stream = stream.filter("tpad", stop_mode="clone", stop=-1)
    elif chunk.end_frame == grid.n_frames:
        stream = stream.filter("tpad", stop_mode="clone", stop=tail_frames(grid))
    return stream


def _leeway_frames(video: VideoFacts, grid: Grid, deinterlace: Deinterlace) -> Fraction:
    """Move the frames of a halved rate off the middle between two grid points.

    There a coarse clock's rounding would decide which of two frames is shown.
    """
    rate = picture_rate(video, deinterlace)
    if video.is_variable_rate or rate <= grid.frame_rate:
        return Fraction(0)
    return (1 - grid.frame_rate / rate) / 2


def displayed(
    stream: Any, video: VideoFacts, size_px: tuple[int, int], video_range: VideoRange
) -> Any:
    """Show whole pictures as a viewer sees them: cropped, upright, opaque, in the range wished.

    ``size_px`` is the largest that is wanted of them: tone mapping is done at that size.
    """
    if video.crop is not None:
        stream = _cropped(stream, video.crop)
    for name, options in _TURNS[video.is_mirrored, video.rotation_deg]:
        stream = stream.filter(name, **options)
    if not colors.is_rgb(video) and not colors.is_tagged(video):
        # What is assumed is said once, or each filter would assume for itself.
        stream = stream.filter("setparams", **_tags(colors.source(video)))
    if video.has_alpha:
        stream = _on_black(stream, video)
    if colors.is_brought_down(video, video_range):
        stream = _tone_mapped(stream, video, size_px)
    return _without_notes(stream, video_range)


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
    """Scale displayed pictures to a rung's size with square pixels, 4:2:0, limited range.

    ``is_again``: the pictures were scaled once already.
    """
    # Players take limited range for granted, whatever the tags say.
    options = {"w": rung.width_px, "h": rung.height_px, "out_range": "tv"}
    if colors.is_rgb(video) and not video.has_alpha:
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
    tags = _tags(colors.output(video, rung.video_range))
    return stream.filter("setparams", range="tv", **tags)


def _cropped(stream: Any, crop: Crop) -> Any:
    # To the pixel, also where chroma is coarser.
    return stream.filter(
        "crop",
        w=f"iw-{crop.left_px + crop.right_px}",
        h=f"ih-{crop.top_px + crop.bottom_px}",
        x=crop.left_px,
        y=crop.top_px,
        exact="1",
    )


def _on_black(stream: Any, video: VideoFacts) -> Any:
    """Put a transparent picture on black."""
    is_deep = colors.is_rgb(video) or video.bit_depth > _EIGHT_BITS
    if colors.is_rgb(video):
        stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv")
    # Full chroma, as the filter wants it; ten bits where rounding would otherwise show.
    stream = stream.filter("format", "yuva444p10le" if is_deep else "yuva444p")
    # Colour times its own alpha is that colour on black.
    return stream.filter("premultiply", inplace="1")


def _tone_mapped(stream: Any, video: VideoFacts, size_px: tuple[int, int]) -> Any:
    """Bring HDR down to BT.709."""
    stream = stream.filter("scale", w=size_px[0], h=size_px[1])
    # Linear light, 100 cd/m² being SDR white, in floating point.
    stream = stream.filter("zscale", transfer="linear", npl="100")
    stream = stream.filter("format", "gbrpf32le")
    stream = stream.filter("zscale", primaries="bt709")
    # Hable keeps detail in highlights; no desaturation of bright colours. The peak is said, or
    # it would be looked up on each chunk's own frames.
    peak = f"{colors.peak_luminance(video) / 100:g}"
    stream = stream.filter("tonemap", tonemap="hable", desat="0", peak=peak)
    stream = stream.filter("zscale", transfer="bt709", matrix="bt709", range="tv")
    return stream.filter("format", "yuv420p")


def _without_notes(stream: Any, video_range: VideoRange) -> Any:
    """Take off what would make a player turn, crop or tone-map a second time."""
    if video_range is VideoRange.SDR:
        return stream.filter("sidedata", mode="delete")
    for kind in _FOREIGN_NOTES:
        stream = stream.filter("sidedata", mode="delete", type=kind)
    return stream


def _tags(tags: colors.Colors) -> dict[str, str]:
    return {
        "colorspace": tags.matrix,
        "color_primaries": tags.primaries,
        "color_trc": tags.transfer,
    }


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
