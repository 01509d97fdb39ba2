"""The cheap check of finished segments: exit code 0 is not success.

Each segment is read for what it holds (frames, times, keyframes, sizes) before anybody may see
it. Comparing pictures is the certificate's work, later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pipeline.core.argv.encode import OUTPUT_START_S
from pipeline.core.chunks import keyframe_frames
from pipeline.core.codecs import HDR_CODE_POINTS, colr
from pipeline.core.errors import MediaDamaged, OutputInvalid
from pipeline.core.fmp4 import Init, Sample, read_init, read_samples
from schemas.plan import ChunkPlan, Grid, RungPlan
from schemas.vocabulary import VideoRange

#: Rounding of one time to the track's clock.
_TICK_TOLERANCE = 1


@dataclass(frozen=True)
class Expected:
    """The frames one segment must hold."""

    index: int
    first_frame: int
    n_frames: int
    duration_s: Fraction


def expected_segments(grid: Grid, chunk: ChunkPlan) -> tuple[Expected, ...]:
    """List the segments of a chunk with their exact lengths."""
    starts = range(chunk.first_frame, chunk.end_frame, grid.segment_frames)
    return tuple(
        Expected(
            index=first // grid.segment_frames,
            first_frame=first,
            n_frames=min(grid.segment_frames, chunk.end_frame - first),
            duration_s=min(grid.segment_frames, chunk.end_frame - first) / grid.frame_rate,
        )
        for first in starts
    )


def check_init(data: bytes, rung: RungPlan) -> Init:
    """Read a rung's init segment and compare its size and dynamic range with the plan.

    Raises:
        OutputInvalid: it is not what was planned.
    """
    init = read_init(data)
    if (init.width_px, init.height_px) != (rung.width_px, rung.height_px):
        raise OutputInvalid(
            f"Rung {rung.name} came out as {init.width_px}×{init.height_px} pixels, "
            f"planned were {rung.width_px}×{rung.height_px}."
        )
    color = colr(init)
    made = HDR_CODE_POINTS.get(color[1], VideoRange.SDR) if color else VideoRange.SDR
    if made is not rung.video_range:
        raise OutputInvalid(f"Rung {rung.name} came out as {made}, not {rung.video_range}.")
    return init


def check_segment(
    data: bytes, init: Init, grid: Grid, expected: Expected, *, is_copied: bool = False
) -> None:
    """Check that a segment holds exactly its grid frames, and keyframes where they belong.

    A copied one has whatever keyframes its source has, beside the first.

    Raises:
        MediaDamaged: frames are missing, so the source ended before it said.
        OutputInvalid: anything else is not as planned.
    """
    samples = read_samples(data, init)
    where = f"Segment {expected.index}"
    if len(samples) < expected.n_frames:
        raise truncated(expected.first_frame + len(samples), grid)
    if len(samples) > expected.n_frames:
        raise OutputInvalid(f"{where} holds {len(samples)} frames, not {expected.n_frames}.")
    keys = [number for number, sample in enumerate(samples) if sample.is_sync]
    is_planned = keys == list(range(0, len(samples), keyframe_frames(grid)))
    if not (is_planned or (is_copied and keys[:1] == [0])):
        raise OutputInvalid(f"{where} has keyframes at its frames {keys}, not where planned.")
    if any(sample.size_bytes == 0 for sample in samples):
        raise OutputInvalid(f"{where} holds an empty frame.")
    _check_times(samples, init, grid, expected)


def _check_times(samples: Sequence[Sample], init: Init, grid: Grid, expected: Expected) -> None:
    shown = sorted(sample.present_ticks for sample in samples)
    for number, ticks in enumerate(shown, start=expected.first_frame):
        wanted = (OUTPUT_START_S + number / grid.frame_rate) * init.timescale
        if abs(ticks - wanted) > _TICK_TOLERANCE:
            off_s = float((ticks - wanted) / init.timescale)
            raise OutputInvalid(f"Frame {number} is off the grid by {off_s:+.6f} s.")
    decoded = [sample.decode_ticks for sample in samples]
    if any(later <= earlier for earlier, later in pairwise(decoded)):
        raise OutputInvalid(f"Segment {expected.index} goes back in decoding time.")
    if samples[0].present_ticks != shown[0]:
        raise OutputInvalid(f"Segment {expected.index} shows a frame before its keyframe.")


def truncated(n_frames: int, grid: Grid) -> MediaDamaged:
    """Make the error of a source that ended before it said."""
    there_s, announced_s = float(n_frames / grid.frame_rate), float(grid.n_frames / grid.frame_rate)
    return MediaDamaged(
        f"The picture ends after {there_s:.2f} s of the {announced_s:.2f} s that were announced.",
        code="media.truncated",
    )


@dataclass(frozen=True)
class Sound:
    """One finished sound segment: where it starts and ends on the track's clock."""

    start_ticks: int
    end_ticks: int
    duration_s: Fraction


def check_sound(data: bytes, init: Init, follows_ticks: int | None) -> Sound:
    """Check that a sound segment is there whole and follows the one before without a gap.

    Raises:
        OutputInvalid: it is empty, or leaves a gap or overlap.
    """
    samples = read_samples(data, init)
    if not samples:
        raise OutputInvalid("A sound segment is empty.")
    start = samples[0].decode_ticks
    if follows_ticks is not None and start != follows_ticks:
        raise OutputInvalid(f"Sound jumps by {start - follows_ticks} samples between segments.")
    n_ticks = sum(sample.duration_ticks for sample in samples)
    return Sound(start, start + n_ticks, Fraction(n_ticks, init.timescale))
