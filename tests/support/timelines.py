"""Timelines as the database would give them, for tests of everything that reads them."""

from fractions import Fraction
from typing import Any

from schemas.timeline import RenditionTimeline, Timeline, TimelineSegment
from schemas.vocabulary import AssetId, JobId, Medium

NTSC = Fraction(30000, 1001)


def video(
    name: str = "720p",
    *,
    n: int = 3,
    frames: int = 120,
    rate: Fraction = NTSC,
    size_bytes: int = 500_000,
    bitrate_bps: int = 2_500_000,
) -> RenditionTimeline:
    """Make a rung of ``n`` equal segments, three to a chunk."""
    height_px = int(name.removesuffix("p"))
    return RenditionTimeline(
        name=name,
        medium=Medium.VIDEO,
        codecs="avc1.64001f",
        bitrate_bps=bitrate_bps,
        width_px=height_px * 16 // 9,
        height_px=height_px,
        frame_rate=rate,
        segments=tuple(
            segment(k, frames / rate, key=f"c{k // 3}-1/{name}/{k:05d}.m4s", size_bytes=size_bytes)
            for k in range(n)
        ),
    )


def audio(
    name: str = "audio", *, n: int = 3, language: str | None = "kor", **changes: Any
) -> RenditionTimeline:
    """Make a sound rendition whose segments follow whole AAC frames."""
    borders = [round(k * 4 * 48000 / 1024) for k in range(n + 1)]
    made = RenditionTimeline(
        name=name,
        medium=Medium.AUDIO,
        codecs="mp4a.40.2",
        bitrate_bps=128_000,
        channels=2,
        sample_rate_hz=48_000,
        language=language,
        segments=tuple(
            segment(
                k,
                Fraction((borders[k + 1] - borders[k]) * 1024, 48000),
                key=f"sound-2/{name}/{k:05d}.m4s",
                size_bytes=64_000,
            )
            for k in range(n)
        ),
    )
    return made.model_copy(update=changes)


def text(
    name: str = "text-1", *, lengths_s: tuple[int, ...] = (60, 12), **changes: Any
) -> RenditionTimeline:
    """Make a text rendition: no init segment but a whole file, other lengths than the media's."""
    made = RenditionTimeline(
        name=name,
        medium=Medium.TEXT,
        codecs="wvtt",
        bitrate_bps=1_000,
        language="eng",
        is_default=False,
        segments=tuple(
            segment(k, Fraction(length_s), key=f"text-3/{name}/{k:05d}.vtt", size_bytes=400)
            for k, length_s in enumerate(lengths_s)
        ),
    )
    whole = {"init_key": f"assets/a1/text-3/{name}.vtt"}
    segments = tuple(each.model_copy(update=whole) for each in made.segments)
    return made.model_copy(update={"segments": segments, **changes})


def segment(
    index: int,
    duration_s: Fraction,
    *,
    key: str,
    size_bytes: int = 500_000,
    init_sha256: str = "a" * 64,
) -> TimelineSegment:
    """Make one segment of the asset ``a1``."""
    folder = key.rpartition("/")[0]
    return TimelineSegment(
        index=index,
        duration_s=duration_s,
        size_bytes=size_bytes,
        key=f"assets/a1/{key}",
        init_key=f"assets/a1/{folder}/init.mp4",
        init_sha256=init_sha256,
    )


def timeline(
    *renditions: RenditionTimeline, is_ended: bool = False, duration_s: Fraction = Fraction(12)
) -> Timeline:
    """Put renditions of the asset ``a1`` together."""
    return Timeline(
        asset_id=AssetId("a1"),
        job_id=JobId("j1"),
        duration_s=duration_s,
        segment_s=4,
        is_ended=is_ended,
        renditions=renditions,
    )
