"""Decides how a watermark is named and sized, from the image that a profile carries."""

from base64 import b64decode
from hashlib import sha256

from schemas.watermark import Watermark, WatermarkPlan, png_size_px


def plan(wish: Watermark | None) -> WatermarkPlan | None:
    """Plan a watermark; the image itself is stored beside the source."""
    if wish is None:
        return None
    png = b64decode(wish.png_base64)
    width_px, height_px = png_size_px(png)
    return WatermarkPlan(
        sha256=sha256(png).hexdigest(),
        width_px=width_px,
        height_px=height_px,
        **wish.model_dump(exclude={"png_base64"}),
    )
