"""Whether every segment can be read and decoded without a message."""

from collections.abc import Mapping

from pipeline.core.proof.track import Track
from pipeline.core.verdicts import point_of
from schemas.certificate import Figure, Point, PointName, Verdict


def decoding(track: Track, faults: Mapping[int, str]) -> Point:
    """Name the segments that are missing or cut off, and those a decoder complained of."""
    flaws = []
    for part in track.parts:
        detail = part.trouble or faults.get(part.index)
        if detail:
            flaws.append(track.flaw(part, detail))
    return point_of(
        Point(
            name=PointName.DECODING,
            rendition=track.name,
            verdict=Verdict.PASSED,
            figures=(
                Figure(name="n_segments", value=len(track.parts), fold="sum"),
                Figure(name="n_faulty", value=len(flaws), bar=0, fold="sum"),
            ),
        ),
        flaws,
        is_decided=bool(track.parts),
    )
