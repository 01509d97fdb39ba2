"""An image laid over the pictures of a rung: where, how large, how opaque."""

from fractions import Fraction
from typing import Any

import ffmpeg

from schemas.plan import Grid, RungPlan
from schemas.vocabulary import Place
from schemas.watermark import WatermarkPlan

#: Name of the image in the working folder.
IMAGE_NAME = "watermark.png"

_LEFT = frozenset((Place.TOP_LEFT, Place.BOTTOM_LEFT))
_TOP = frozenset((Place.TOP_LEFT, Place.TOP_RIGHT))


def opened(n_copies: int) -> list[Any]:
    """Decode the image once, for so many rungs."""
    # Named as what it is: nothing else is tried on it.
    image = ffmpeg.input(f"file:{IMAGE_NAME}", f="png_pipe", protocol_whitelist="file")["0"]
    # Colours of transparent pixels mean nothing and must not bleed in while it is scaled.
    image = image.filter("format", "gbrap").filter("premultiply", inplace="1")
    copies = image.filter_multi_output("split", n_copies)
    return [copies[number] for number in range(n_copies)]


def laid_over(
    stream: Any, image: Any, mark: WatermarkPlan, rung: RungPlan, grid: Grid, matrix: str
) -> Any:
    """Lay the image over pictures of a rung's size; ``matrix`` is what they are tagged with."""
    x_px, y_px, width_px, height_px = placed(mark, rung)
    image = image.filter("scale", w=width_px, h=height_px).filter("unpremultiply", inplace="1")
    if mark.opacity < 1:
        image = image.filter("colorchannelmixer", aa=f"{mark.opacity:.4f}")
    # Without a word it would be BT.601, whatever the pictures are.
    image = image.filter("scale", out_color_matrix=matrix, out_range="tv")
    # By the very name of the pictures' matrix, or the pictures would be turned into the image's.
    image = image.filter("format", "yuva420p").filter("setparams", colorspace=matrix, range="tv")
    # One clock for both, or the pictures' times would be rounded to a third one.
    rate = grid.frame_rate
    image = image.filter("settb", expr=f"{rate.denominator}/{rate.numerator}")
    # It has one frame, which stands until the pictures end.
    options = {"x": x_px, "y": y_px, "format": "auto", "eof_action": "repeat"}
    return ffmpeg.filter([stream, image], "overlay", **options)


def placed(mark: WatermarkPlan, rung: RungPlan) -> tuple[int, int, int, int]:
    """Choose x, y, width and height in pixels; even, as colour is stored for two by two."""
    margin_px = _even(mark.margin_share * min(rung.width_px, rung.height_px))
    room_px = rung.width_px - 2 * margin_px, rung.height_px - 2 * margin_px
    wished_px = max(2.0, mark.width_share * rung.width_px)
    shape = Fraction(mark.height_px, mark.width_px)
    # A tall image is held by the height that there is.
    width = min(wished_px, room_px[0], float(room_px[1] / shape))
    width_px, height_px = max(2, _even(width)), max(2, _even(width * shape))
    free_px = rung.width_px - width_px, rung.height_px - height_px
    if mark.position is Place.CENTER:
        return _even(free_px[0] / 2), _even(free_px[1] / 2), width_px, height_px
    x_px = margin_px if mark.position in _LEFT else free_px[0] - margin_px
    y_px = margin_px if mark.position in _TOP else free_px[1] - margin_px
    return max(0, _even(x_px)), max(0, _even(y_px)), width_px, height_px


def _even(length_px: float) -> int:
    return int(length_px / 2) * 2
