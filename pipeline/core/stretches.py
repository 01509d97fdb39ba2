"""Cuts an asset into the stretches that proofs look at, each short enough to be repeated."""

import math
from fractions import Fraction

from schemas.certificate import Stretch
from schemas.plan import Grid, MediaPlan

#: Longest stretch: decoding it takes a worker a minute or two, which a kill may cost.
LONGEST_S = 300
#: A rest of this share of a stretch goes to the one before it.
_LEAST_REST = Fraction(1, 4)
#: Room for small pictures, sound and samples beside the segments themselves.
_SCRATCH_FLOOR_BYTES = 128 * 2**20
_SCRATCH_PER_SECOND_BYTES = 2 * 2**20


def cut(duration_s: Fraction, grid: Grid | None) -> tuple[Stretch, ...]:
    """Cut the asset at segment borders into stretches of about five minutes."""
    unit_s = Fraction(1) if grid is None else grid.segment_frames / grid.frame_rate
    step_s = max(1, math.floor(LONGEST_S / unit_s)) * unit_s
    n_stretches = max(1, math.ceil(duration_s / step_s - _LEAST_REST))
    return tuple(
        Stretch(
            index=index,
            n_stretches=n_stretches,
            start_s=float(index * step_s),
            end_s=float(duration_s if index == n_stretches - 1 else (index + 1) * step_s),
        )
        for index in range(n_stretches)
    )


def scratch_bytes(plan: MediaPlan, stretch: Stretch) -> int:
    """Bound what a proof writes: the stretch of every rendition, and what it makes of them."""
    length_s = stretch.end_s - stretch.start_s
    audio_bps = sum(audio.bitrate_bps for audio in plan.audios)
    media_bps = sum(rung.bitrate_bps for rung in plan.rungs) + audio_bps
    per_second_bytes = media_bps / 8 + _SCRATCH_PER_SECOND_BYTES
    return _SCRATCH_FLOOR_BYTES + round(length_s * per_second_bytes)
