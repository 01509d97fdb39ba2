"""What playlists promise beside what segments hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pipeline.core.keys import media_path
from pipeline.core.proof.container import end_s, start_s
from pipeline.core.proof.track import Part, Track
from pipeline.core.verdicts import point_of
from schemas.certificate import Figure, Flaw, Point, PointName, Verdict
from schemas.vocabulary import AssetId

#: Most a stated length may differ from its media, and their sums over a stretch.
BAR_S = 0.001


@dataclass(frozen=True)
class Listed:
    """One segment as a media playlist lists it."""

    path: str
    length_s: Fraction


def read(text: str) -> tuple[Listed, ...]:
    """Read the segments of a media playlist, as a player would (RFC 8216 §4.3.2.1)."""
    listed = []
    length_s = Fraction(0)
    for line in text.splitlines():
        if line.startswith("#EXTINF:"):
            length_s = Fraction(line.removeprefix("#EXTINF:").split(",")[0])
        elif line and not line.startswith("#"):
            listed.append(Listed(line, length_s))
    return tuple(listed)


def extinf(track: Track, asset_id: AssetId, text: str | None) -> Point:
    """Compare the stated length and address of each segment with its media.

    Lengths are compared one by one, and summed up from the stretch's first segment on.
    """
    listed = read(text or "")
    flaws: list[Flaw] = []
    worst_s = 0.0
    if len(listed) != len(track.rendition.segments):
        detail = f"{len(listed)} segments listed of {len(track.rendition.segments)}"
        flaws.append(Flaw(rendition=track.name, detail=detail))
    parts = [part for part in track.read() if part.index < len(listed)]
    for part in parts:
        off_s = _off_s(track, parts, part, listed)
        worst_s = max(worst_s, abs(off_s))
        if listed[part.index].path != media_path(asset_id, part.segment.key):
            flaws.append(track.flaw(part, "the playlist lists another segment here"))
        if abs(off_s) > BAR_S:
            flaws.append(track.flaw(part, f"the stated length is off by {off_s:+.6f} s"))
    point = Point(
        name=PointName.EXTINF,
        rendition=track.name,
        verdict=Verdict.PASSED,
        figures=(Figure(name="off_s", value=worst_s, bar=BAR_S),),
    )
    return point_of(point, flaws, is_decided=bool(parts))


def _off_s(track: Track, parts: Sequence[Part], part: Part, listed: Sequence[Listed]) -> float:
    """Tell the worse of a segment's own error and of the sum's that ends with it."""
    end = end_s(track, part)
    own_s = listed[part.index].length_s - (end - start_s(track, part))
    before = listed[parts[0].index : part.index + 1]
    sum_s = sum((each.length_s for each in before), Fraction(0))
    sum_off_s = sum_s - (end - start_s(track, parts[0]))
    return float(max(own_s, sum_off_s, key=abs))
