"""What an HDR picture says of its own light, in each encoder's words.

Source: SMPTE ST 2086 (the screen it was graded on), CTA-861.3 (how bright it gets); x265's
``--master-display`` counts in 0.00002 and 0.0001 cd/m², SVT-AV1's in decimals.
"""

from collections.abc import Iterator
from fractions import Fraction

from pipeline.core.argv.wish import Wish
from schemas.media import MasteringDisplay

_X265_POINT, _X265_LIGHT = Fraction(1, 50_000), Fraction(1, 10_000)


def for_x265(wish: Wish) -> Iterator[str]:
    """Name libx265's parameters."""
    if wish.mastering_display is not None:
        yield f"master-display={_display(wish.mastering_display, _X265_POINT, _X265_LIGHT)}"
    if wish.content_light is not None:
        yield f"max-cll={wish.content_light.most},{wish.content_light.most_average}"


def for_svt_av1(wish: Wish) -> Iterator[str]:
    """Name libsvtav1's parameters."""
    if wish.mastering_display is not None:
        yield f"mastering-display={_display(wish.mastering_display, None, None)}"
    if wish.content_light is not None:
        yield f"content-light={wish.content_light.most},{wish.content_light.most_average}"


def _display(screen: MasteringDisplay, point: Fraction | None, light: Fraction | None) -> str:
    """Write a screen down; a unit of None means decimals."""
    points = {"G": screen.green, "B": screen.blue, "R": screen.red, "WP": screen.white}
    colors = (f"{name}({_number(x, point)},{_number(y, point)})" for name, (x, y) in points.items())
    most, least = _number(screen.most_luminance, light), _number(screen.least_luminance, light)
    return f"{''.join(colors)}L({most},{least})"


def _number(value: Fraction, unit: Fraction | None) -> str:
    return f"{float(value):.5g}" if unit is None else str(round(value / unit))
