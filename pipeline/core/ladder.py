"""Which rungs a source gets: the wished ladder, fitted to the picture.

Never above the source, even sizes, aspect ratio kept as a viewer sees it.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from pipeline.core.errors import MediaUnsupported
from schemas.media import VideoFacts
from schemas.plan import RungPlan
from schemas.profile import Rung
from schemas.vocabulary import VideoCodec

#: The shape bitrates of a ladder are meant for.
_USUAL_ASPECT = Fraction(16, 9)
#: 1366×768 and the like count as the usual shape.
_ASPECT_TOLERANCE = Fraction(1, 50)
#: Very wide or very square pictures stop earning or saving bits here.
_LEAST_SCALE = Fraction(1, 3)
_MOST_SCALE = Fraction(3)
_LEAST_BITRATE_BPS = 50_000


def fit(
    ladder: Sequence[Rung],
    video: VideoFacts,
    codec: VideoCodec,
    crf: int,
    h264_profile: Literal["main", "high"] = "high",
) -> tuple[RungPlan, ...]:
    """Fit a ladder to a source, highest rung first.

    The top rung is the highest one whose shorter side the source reaches; a source below
    them all gets one rung of its own (even) size, named after its shorter side.

    Raises:
        MediaUnsupported: the picture is too small to encode.
    """
    short, long = sorted((video.display_width_px, video.display_height_px))
    if short < 2:  # noqa: PLR2004 (chroma needs two by two)
        raise MediaUnsupported(f"The picture is {long}×{short} pixels: too small to encode.")
    fitting = [rung for rung in ladder if rung.height_px <= short]
    if not fitting:
        fitting = [_own_rung(ladder, short)]
    fitting.sort(key=lambda rung: (rung.height_px, rung.bitrate_bps), reverse=True)
    planned = (_plan(rung, video, codec, crf) for rung in fitting)
    return tuple(rung.model_copy(update={"h264_profile": h264_profile}) for rung in planned)


def _own_rung(ladder: Sequence[Rung], short: int) -> Rung:
    lowest = min(ladder, key=lambda rung: rung.height_px)
    share = Fraction(short, lowest.height_px) ** 2
    bitrate_bps = max(_LEAST_BITRATE_BPS, round(lowest.bitrate_bps * share / 1000) * 1000)
    # The schema's floor is 16 pixels; smaller pictures keep the name of their true size.
    return Rung.model_construct(
        name=f"{_even(short)}p", height_px=_even(short), bitrate_bps=bitrate_bps
    )


def _plan(rung: Rung, video: VideoFacts, codec: VideoCodec, crf: int) -> RungPlan:
    short, long = sorted((video.display_width_px, video.display_height_px))
    low = _even(rung.height_px)
    # Nearest even number, but never above the source's own longer side.
    high = min(2 * round(Fraction(long * low, short) / 2), _even(long))
    is_wide = video.display_width_px >= video.display_height_px
    return RungPlan(
        name=rung.name,
        codec=codec,
        width_px=high if is_wide else low,
        height_px=low if is_wide else high,
        bitrate_bps=_bitrate_bps(rung.bitrate_bps, Fraction(long, short)),
        crf=crf,
    )


def _bitrate_bps(wished_bps: int, aspect: Fraction) -> int:
    scale = aspect / _USUAL_ASPECT
    if abs(scale - 1) <= _ASPECT_TOLERANCE:
        return wished_bps
    # 4:3 has fewer pixels than 16:9 of the same height, cinema wide has more.
    scale = min(max(scale, _LEAST_SCALE), _MOST_SCALE)
    return max(10_000, round(wished_bps * scale / 1000) * 1000)


def _even(length_px: int) -> int:
    return length_px // 2 * 2
