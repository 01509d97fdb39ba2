"""Renditions as a proof reads them, made up without any media."""

import math
from dataclasses import replace
from fractions import Fraction

from pipeline.core.chunks import keyframe_frames
from pipeline.core.fmp4 import Init, Sample
from pipeline.core.measures import MEDIA_ZERO_S, borders_s
from pipeline.core.proof.track import Part, Track
from schemas.plan import Grid
from schemas.timeline import RenditionTimeline, TimelineSegment
from schemas.vocabulary import Medium

#: Frames a picture is decoded ahead of when it is shown.
_DELAY = 2


def segment(index: int, duration_s: Fraction, name: str) -> TimelineSegment:
    """One segment of the asset ``a1``."""
    return TimelineSegment(
        index=index,
        duration_s=duration_s,
        size_bytes=1000,
        key=f"assets/a1/t-1/{name}/{index:05d}.m4s",
        init_key=f"assets/a1/t-1/{name}/init.mp4",
        init_sha256="a" * 64,
    )


def picture(grid: Grid, name: str = "720p", *, timescale: int = 15360) -> Track:
    """A rung on a grid, as right as can be."""
    step = grid.segment_frames
    firsts = range(0, grid.n_frames, step)
    counts = [min(step, grid.n_frames - first) for first in firsts]
    segments = tuple(
        segment(index, n_frames / grid.frame_rate, name) for index, n_frames in enumerate(counts)
    )
    starts_s = borders_s(segments)
    parts = tuple(
        Part(each, start_s, tuple(_frame(first + n, grid, timescale) for n in range(n_frames)))
        for each, start_s, first, n_frames in zip(segments, starts_s, firsts, counts, strict=False)
    )
    return _track(name, Medium.VIDEO, timescale, parts)


def _frame(number: int, grid: Grid, timescale: int) -> Sample:
    shown = round((MEDIA_ZERO_S + number / grid.frame_rate) * timescale)
    length = round((MEDIA_ZERO_S + (number + 1) / grid.frame_rate) * timescale) - shown
    delay = math.ceil(_DELAY / grid.frame_rate * timescale)
    is_key = number % grid.segment_frames % keyframe_frames(grid) == 0
    return Sample(shown - delay, shown, length, 100, is_key)


def sound(n_segments: int, *, frames: int = 188, rate_hz: int = 48_000) -> Track:
    """A sound of whole frames, as right as can be."""
    segments = tuple(
        segment(index, Fraction(frames * 1024, rate_hz), "audio") for index in range(n_segments)
    )
    starts_s = borders_s(segments)
    zero = MEDIA_ZERO_S * rate_hz
    parts = tuple(
        Part(
            each,
            start_s,
            tuple(
                Sample(at, at, 1024, 300, is_sync=True)
                for at in (zero + (each.index * frames + n) * 1024 for n in range(frames))
            ),
        )
        for each, start_s in zip(segments, starts_s, strict=False)
    )
    return _track("audio", Medium.AUDIO, rate_hz, parts)


def _track(name: str, medium: Medium, timescale: int, parts: tuple[Part, ...]) -> Track:
    rendition = RenditionTimeline(
        name=name,
        medium=medium,
        codecs="avc1.64001f",
        bitrate_bps=1_000_000,
        segments=tuple(part.segment for part in parts),
    )
    init = Init(timescale, 640, 360, "avc1", {}, 0, (0, 0, 0))
    return Track(rendition, init, "a" * 64, "avc1.64001f", parts)


def with_part(track: Track, index: int, samples: tuple[Sample, ...]) -> Track:
    """Put other samples into one part."""
    parts = list(track.parts)
    parts[index] = replace(parts[index], samples=samples)
    return replace(track, parts=tuple(parts))


def moved(samples: tuple[Sample, ...], ticks: int) -> tuple[Sample, ...]:
    """Move samples in time."""
    return tuple(
        replace(
            each, decode_ticks=each.decode_ticks + ticks, present_ticks=each.present_ticks + ticks
        )
        for each in samples
    )
