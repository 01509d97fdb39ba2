"""Film that was stretched to 30000/1001 by 3:2 pulldown, brought back to 24000/1001.

Of five coded frames three are whole and two mix fields of two film frames. ``fieldmatch`` puts
fields together that belong together, ``decimate`` then drops the one frame of five that came out
twice. It counts its fives from the first frame it sees, and a chunk must count as all others do:
so frames are laid on the source's own grid first, from a multiple of five on.
"""

from typing import Any

from pipeline.core.scan import CODED_FRAMES, FILM_FRAMES
from schemas.media import VideoFacts
from schemas.plan import ChunkPlan, Grid

#: Fives decoded ahead of a chunk: the filters compare with what came before.
_LEAD_CYCLES = 2


def matched(stream: Any, video: VideoFacts) -> Any:
    """Put the fields of each film frame together; some frames come twice."""
    order = video.field_order.value if video.field_order else "auto"
    # Every frame's fields are compared, not only those that look combed.
    stream = stream.filter("fieldmatch", order=order, combmatch="full")
    # What found no partner, at a cut or in a credit roll, is deinterlaced.
    return stream.filter("bwdif", mode="send_frame", deint="interlaced")


def untelecined(stream: Any, video: VideoFacts, grid: Grid, chunk: ChunkPlan) -> Any:
    """Bring film back; times count from the asset's zero, one frame of the grid per film frame."""
    # The grid frame of the source's first picture, which a trim may leave out: fives are counted
    # from there.
    begins_s = video.start_s if video.whole_start_s is None else video.whole_start_s
    lead = round((begins_s - grid.source_start_s) * grid.frame_rate)
    cycles = max(0, (chunk.first_frame - lead) // FILM_FRAMES - _LEAD_CYCLES)
    start_s = (lead + cycles * FILM_FRAMES) / grid.frame_rate
    coded = grid.frame_rate * CODED_FRAMES / FILM_FRAMES
    stream = stream.filter(
        "fps", fps=f"{coded.numerator}/{coded.denominator}", start_time=f"{float(start_s):.6f}"
    )
    return matched(stream, video).filter("decimate", cycle=CODED_FRAMES)
