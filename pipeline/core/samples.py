"""Which stretches of a picture stand for all of it where encoding it all would cost too much."""

from schemas.plan import ChunkPlan, Grid

#: Enough for a title's character; more of them change the choice of rungs rarely.
_MOST_SAMPLES = 4
_SAMPLE_S = 2


def samples(grid: Grid) -> tuple[ChunkPlan, ...]:
    """Choose short stretches, evenly spread, each from the start of a segment."""
    n_segments = -(-grid.n_frames // grid.segment_frames)
    n_samples = min(_MOST_SAMPLES, n_segments)
    length = min(grid.segment_frames, max(1, round(_SAMPLE_S * grid.frame_rate)))
    # In the middle of each part: neither the fade-in nor the credits.
    firsts = [
        (2 * number + 1) * n_segments // (2 * n_samples) * grid.segment_frames
        for number in range(n_samples)
    ]
    return tuple(
        ChunkPlan(index=n, first_frame=first, end_frame=min(first + length, grid.n_frames))
        for n, first in enumerate(firsts)
    )
