"""Live playlists: a window over the newest segments, at an address that never changes (RFC 8216).

Segments keep the addresses they have below ``/media/``; only the playlists lie with the stream.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pipeline.core import measures
from pipeline.core.encryption import key_name
from pipeline.core.errors import NotFound
from pipeline.core.keys import media_path
from schemas.timeline import RenditionTimeline, Timeline, TimelineSegment

#: Segments a playlist shows at least, and unless more is asked for.
WINDOW = 6
#: The longest window; the whole broadcast is at its asset.
LONGEST_S = 43_200
#: Numbers of media sequences count from here, to stay small.
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_EXTINF_SCALE = 1_000_000


def media(timeline: Timeline, name: str, *, base: str, n_breaks: int) -> str:
    """Render the media playlist of one rendition, whose segments are the window.

    Args:
        timeline: of the broadcast, with the window's segments alone.
        name: of the rendition.
        base: address the asset's media lie below.
        n_breaks: discontinuities up to the first segment, and at it.

    Raises:
        NotFound: there is no such rendition.
    """
    rendition = next((each for each in timeline.renditions if each.name == name), None)
    if rendition is None or not rendition.segments:
        raise NotFound(f"There is no rendition {name!r} to play", code="rendition.not_found")
    first = rendition.segments[0]
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{measures.target_duration_s(timeline)}",
        f"#EXT-X-MEDIA-SEQUENCE:{first_number(timeline) + first.index}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{n_breaks}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        *_segments(timeline, rendition, base),
        *(["#EXT-X-ENDLIST"] if timeline.is_ended else []),
    ]
    return "\n".join(lines) + "\n"


def window(window_s: int, segment_s: int) -> int:
    """Tell how many segments a window of so many seconds holds."""
    return max(WINDOW, -(-window_s // segment_s))


def first_number(timeline: Timeline) -> int:
    """Number the first segment of a broadcast, above all of the stream's broadcasts before.

    Twice as fast as segments come: some are shorter than they should be.
    """
    if timeline.opened_at is None:
        return 0
    return int((timeline.opened_at - _EPOCH).total_seconds() * 2 // timeline.segment_s)


def _segments(timeline: Timeline, rendition: RenditionTimeline, base: str) -> Iterator[str]:
    borders = measures.ticks(measures.borders_s(rendition.segments), _EXTINF_SCALE)
    init_sha256 = None
    for n, segment in enumerate(rendition.segments):
        if n and (segment.is_discontinuous or segment.init_sha256 != init_sha256):
            yield "#EXT-X-DISCONTINUITY"
        if segment.init_sha256 != init_sha256:
            init_sha256 = segment.init_sha256
            if timeline.is_encrypted:
                yield "#EXT-X-KEY:METHOD=NONE"
            yield f'#EXT-X-MAP:URI="{base}/{media_path(timeline.asset_id, segment.init_key)}"'
        if timeline.is_encrypted:
            yield _key(timeline, segment, base)
        yield from _clock_time(timeline, segment)
        yield f"#EXTINF:{Decimal(borders[n + 1] - borders[n]).scaleb(-6):f},"
        yield f"{base}/{media_path(timeline.asset_id, segment.key)}"


def _key(timeline: Timeline, segment: TimelineSegment, base: str) -> str:
    # Said outright: the number in the playlist is not the one it was encrypted with.
    return (
        f'#EXT-X-KEY:METHOD=AES-128,URI="{base}/{key_name(timeline.job_id)}",'
        f"IV=0x{segment.index:032x}"
    )


def _clock_time(timeline: Timeline, segment: TimelineSegment) -> Iterator[str]:
    if timeline.opened_at is not None and segment.start_ms is not None:
        at = timeline.opened_at + timedelta(milliseconds=segment.start_ms)
        text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield f"#EXT-X-PROGRAM-DATE-TIME:{text}"
