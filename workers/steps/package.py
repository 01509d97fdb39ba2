"""Write the final playlists over everything the job published: HLS, DASH and I-frames.

The segments stay where they are; only text is made here. Nothing is written before the timeline
has been checked for what an exit code cannot tell: holes, rungs that differ, an end cut off.
"""

from collections.abc import Iterator
from decimal import Decimal

from pipeline.core import dash, hls, measures
from pipeline.core.errors import NotFound, OutputInvalid, Stopped
from pipeline.core.iframes import HEAD_BYTES, ByteRange, first_frame
from schemas.tasks import PackageParams, PackageResult
from schemas.timeline import RenditionTimeline, Timeline
from schemas.vocabulary import Medium
from workers.bench import Bench

HLS_TYPE = "application/vnd.apple.mpegurl"
DASH_TYPE = "application/dash+xml"

#: EXTINF is rounded to a microsecond per border, so a sum is off by one at most.
_MAX_SUM_ERROR_S = Decimal("0.001")


def run(params: PackageParams, bench: Bench) -> PackageResult:
    """Check what was published, then store the playlists under this attempt's prefix.

    Raises:
        OutputInvalid: what was published is not one whole asset.
        Stopped: asked to stop.
    """
    published = bench.timeline()
    if published.asset_id != params.asset_id:
        raise OutputInvalid("The timeline belongs to another asset")
    timeline = published.model_copy(update={"is_ended": True})
    _check(timeline)
    files = {}
    for name, text in _texts(timeline, bench):
        path = bench.scratch / name
        path.write_text(text, encoding="utf-8")
        content_type = DASH_TYPE if name.endswith(".mpd") else HLS_TYPE
        files[name] = bench.put(path, name, content_type=content_type)
    return PackageResult(files=files)


def _texts(timeline: Timeline, bench: Bench) -> Iterator[tuple[str, str]]:
    keyframes = _keyframes(timeline, bench)
    for rendition in timeline.renditions:
        if not rendition.segments:
            # Subtitles nobody could read.
            continue
        text = hls.media(timeline, rendition.name, is_whole=True)
        _check_text(text, rendition)
        yield hls.media_name(rendition.name), text
    for name, frames in keyframes.items():
        yield hls.iframes_name(name), hls.iframes(timeline, name, frames)
    yield "master.m3u8", hls.master(timeline, keyframes=keyframes, is_whole=True)
    try:
        yield "manifest.mpd", dash.manifest(timeline, is_whole=True)
    except NotFound:
        # An init segment changed midway, which DASH cannot say over these segments; HLS can.
        return


def _keyframes(timeline: Timeline, bench: Bench) -> dict[str, list[ByteRange]]:
    """Find the key frames of the smallest rung: what players show while a viewer seeks."""
    videos = [each for each in timeline.renditions if each.medium == "video"]
    # Byte ranges of what is encrypted as a whole lead nowhere.
    if not videos or timeline.is_encrypted:
        return {}
    lowest = min(videos, key=lambda each: each.bitrate_bps)
    frames = []
    for segment in lowest.segments:
        if bench.stop.is_set():
            raise Stopped("Packaging was asked to stop")
        frames.append(first_frame(bench.head(segment.key, HEAD_BYTES)))
        bench.report({"": len(frames) / len(lowest.segments)})
    return {lowest.name: frames}


def _check(timeline: Timeline) -> None:
    for rendition in timeline.renditions:
        indexes = [segment.index for segment in rendition.segments]
        if rendition.medium is Medium.TEXT and not indexes:
            continue
        if not indexes or indexes != list(range(len(indexes))):
            raise OutputInvalid(f"Rendition {rendition.name} has a hole or is empty")
        if not rendition.codecs:
            raise OutputInvalid(f"Rendition {rendition.name} has no codecs string")
    _check_rungs(timeline)
    _check_end(timeline)


def _check_rungs(timeline: Timeline) -> None:
    """Players switch between rungs at any segment, so all must have the same ones."""
    videos = [each for each in timeline.renditions if each.medium == "video"]
    grids = {tuple(segment.duration_s for segment in each.segments) for each in videos}
    if len(grids) > 1:
        raise OutputInvalid("The rungs are not cut at the same times")


def _check_end(timeline: Timeline) -> None:
    """Tracks may end apart, as in the source; the longest must reach its end."""
    timed = [each for each in timeline.renditions if each.medium is not Medium.TEXT]
    lengths_s = [measures.length_s(each.segments) for each in timed]
    longest_s = max(lengths_s, default=0)
    if not timeline.renditions or longest_s < timeline.duration_s - timeline.segment_s:
        raise OutputInvalid(
            f"Only {float(longest_s):.3f} s of {float(timeline.duration_s):.3f} s were published"
        )


def _check_text(text: str, rendition: RenditionTimeline) -> None:
    """Read back what was rendered, as a player would, and compare."""
    lines = text.splitlines()
    lengths = [Decimal(line[8:-1]) for line in lines if line.startswith("#EXTINF:")]
    n_addresses = sum(not line.startswith("#") for line in lines)
    length_s = measures.length_s(rendition.segments)
    exact = Decimal(length_s.numerator) / Decimal(length_s.denominator)
    if not len(lengths) == n_addresses == len(rendition.segments):
        raise OutputInvalid(f"The playlist of {rendition.name} does not list every segment")
    if abs(sum(lengths) - exact) > _MAX_SUM_ERROR_S:
        raise OutputInvalid(f"The playlist of {rendition.name} has another length than its media")
