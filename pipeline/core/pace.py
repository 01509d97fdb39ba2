"""Refuses sources of which more pictures a second would have to be decoded than makes sense."""

from pipeline.core.errors import MediaUnsupported
from pipeline.core.facts import ratio
from pipeline.core.streams import Stream
from schemas.media import VideoFacts

#: Pictures a second of the largest size accepted that are still decoded.
_BRISK_RATE = 120
#: No camera whose films anybody watches is faster.
_FASTEST = 1000
#: A few pictures may well claim to be shown for a tick each.
_FLOOD_PACKETS = 5000


def check_flood(video: Stream, n_packets: int) -> None:
    """Refuse a flood of pictures before anything is copied or decoded.

    Headers may name any number of frames a byte long; so it takes both what the header announces
    and what was really read.

    Raises:
        MediaUnsupported: ``media.too_fast``.
    """
    announced = ratio(video.get("avg_frame_rate"))
    if announced > _FASTEST and n_packets > _FLOOD_PACKETS:
        raise MediaUnsupported(
            f"{n_packets} pictures at {float(announced):g} a second; at most {_FASTEST} are taken",
            code="media.too_fast",
        )


def check_pace(video: VideoFacts, most_pixels: int) -> None:
    """Refuse what would cost more to decode than the largest picture at a brisk rate.

    A high rate alone is no reason, it is lowered to the profile's: 1,000 small pictures a second
    are less work than 60 large ones.

    Raises:
        MediaUnsupported: ``media.too_fast``.
    """
    pixels_per_s = video.width_px * video.height_px * video.frame_rate
    if pixels_per_s > most_pixels * _BRISK_RATE:
        size = f"{video.width_px}x{video.height_px}"
        raise MediaUnsupported(
            f"{float(video.frame_rate):g} pictures of {size} a second; at most "
            f"{most_pixels * _BRISK_RATE / 1e6:.0f} million pixels a second are decoded",
            code="media.too_fast",
        )
