"""What the numbers of a picture mean: matrix, primaries and transfer curve, said or assumed.

Source: ITU-T H.273; what players assume of untagged pictures, by size: SD is BT.601, HD BT.709.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.media import VideoFacts
from schemas.vocabulary import DynamicRange, VideoCodec, VideoRange

#: Transfer curves of HDR.
HDR_TRANSFERS: Mapping[str, VideoRange] = MappingProxyType(
    {"smpte2084": VideoRange.PQ, "arib-std-b67": VideoRange.HLG}
)

#: Ten bits are usual in these alone.
_HDR_CODECS = frozenset((VideoCodec.HEVC, VideoCodec.AV1))

_MATRICES = frozenset(("bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc"))
_PRIMARIES = frozenset(
    ("bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "film", "bt2020", "smpte432")
)
_TRANSFERS = frozenset(
    ("bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "iec61966-2-1", "bt2020-10")
)
#: What goes with a matrix where only that is known: primaries and transfer curve.
_COMPANIONS = {
    "fcc": ("bt470m", "bt470m"),
    # The curve of 625 lines is that of 525 lines in all but name, and players know that one.
    "bt470bg": ("bt470bg", "smpte170m"),
    "smpte170m": ("smpte170m", "smpte170m"),
    "smpte240m": ("smpte240m", "smpte240m"),
    "bt2020nc": ("bt2020", "bt2020-10"),
}
_RGB_STARTS = ("rgb", "bgr", "argb", "abgr", "gbr", "0rgb", "0bgr", "x2rgb", "x2bgr", "pal8")
#: Codecs of pictures whose format a probe without their decoder cannot name.
_RGB_CODECS = frozenset(("png", "apng", "gif", "qtrle", "bmp"))
#: Largest standard definition; 576 lines at 25 frames are BT.470 B/G, the rest is SMPTE 170M.
_SD_LONG_PX, _SD_SHORT_PX = 1024, 576
_LINES_OF_625 = frozenset((288, 576))
#: Peaks in cd/m²; a picture no brighter than SDR white would not need to be brought down.
_USUAL_PEAK, _LEAST_PEAK, _MOST_PEAK = 1000.0, 200.0, 10_000.0


@dataclass(frozen=True)
class Colors:
    """Tags of a picture, in ffmpeg's words."""

    matrix: str
    primaries: str
    transfer: str


BT709 = Colors("bt709", "bt709", "bt709")


def is_hdr(video: VideoFacts) -> bool:
    """Tell whether the picture is of high dynamic range."""
    return video.color_transfer in HDR_TRANSFERS


def kept_range(video: VideoFacts, codec: VideoCodec, wish: DynamicRange) -> VideoRange:
    """Choose the range of the renditions: HDR's own only where wished and the codec can."""
    found = HDR_TRANSFERS.get(video.color_transfer or "", VideoRange.SDR)
    is_kept = wish is DynamicRange.KEEP and can_be_deep(codec)
    # HDR in the open is better than HDR that claims to be SDR.
    return found if is_kept or not video.is_tone_mappable else VideoRange.SDR


def can_be_deep(codec: VideoCodec) -> bool:
    """Tell whether players expect ten bits of a codec."""
    return codec in _HDR_CODECS


def is_rgb(video: VideoFacts) -> bool:
    """Tell whether the picture is red, green and blue: it has no matrix until we make YUV of it."""
    if video.color_space in ("gbr", "rgb") or video.pixel_format.startswith(_RGB_STARTS):
        return True
    return video.pixel_format == "unknown" and video.codec in _RGB_CODECS


def source(video: VideoFacts) -> Colors:
    """State the tags of a source; what it does not say is what players would assume.

    Of RGB the matrix is the one we give it.
    """
    if is_hdr(video):
        matrix = video.color_space if video.color_space in _MATRICES else "bt2020nc"
        primaries = video.color_primaries if video.color_primaries in _PRIMARIES else "bt2020"
        return Colors(matrix or "", primaries or "", video.color_transfer or "")
    matrix = "bt709" if is_rgb(video) else _said(video.color_space, _MATRICES) or _assumed(video)
    primaries, transfer = _COMPANIONS.get(matrix, ("bt709", "bt709"))
    return Colors(
        matrix,
        _said(video.color_primaries, _PRIMARIES) or primaries,
        _said(video.color_transfer, _TRANSFERS) or transfer,
    )


def is_brought_down(video: VideoFacts, video_range: VideoRange) -> bool:
    """Tell whether an HDR picture becomes an SDR one."""
    return is_hdr(video) and video_range is VideoRange.SDR


def output(video: VideoFacts, video_range: VideoRange) -> Colors:
    """State the tags of a rendition: the source's, but BT.709 where HDR was brought down."""
    return BT709 if is_brought_down(video, video_range) else source(video)


def is_tagged(video: VideoFacts) -> bool:
    """Tell whether the source itself says all that ``source`` states."""
    said = (video.color_space, video.color_primaries, video.color_transfer)
    stated = source(video)
    return said == (stated.matrix, stated.primaries, stated.transfer)


def _said(tag: str | None, known: frozenset[str]) -> str | None:
    return tag if tag in known else None


def _assumed(video: VideoFacts) -> str:
    # Cropping does not make standard definition of an HD picture, so the coded size counts.
    short, long = sorted((video.width_px, video.height_px))
    if long > _SD_LONG_PX or short > _SD_SHORT_PX:
        return "bt709"
    return "bt470bg" if video.height_px in _LINES_OF_625 else "smpte170m"


def peak_luminance(video: VideoFacts) -> float:
    """Tell the brightest light to expect of an HDR picture, in cd/m².

    What it says of its brightest pixel, else of the screen it was graded on, else what HDR is
    mostly graded for.
    """
    if video.content_light is not None and video.content_light.most:
        peak = float(video.content_light.most)
    elif video.mastering_display is not None and video.mastering_display.most_luminance:
        peak = float(video.mastering_display.most_luminance)
    else:
        peak = _USUAL_PEAK
    return min(max(peak, _LEAST_PEAK), _MOST_PEAK)
