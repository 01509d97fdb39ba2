"""Which pictures are looked at in full size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.argv.proof import Window
from pipeline.core.measures import MEDIA_ZERO_S
from pipeline.core.proof.film import Film
from pipeline.core.proof.pictures import expected_rows, positions
from pipeline.core.proof.shots import Shot
from schemas.plan import Grid

#: One run of pictures for so many seconds, within bounds.
_EVERY_S = 20.0
_LEAST_RUNS, _MOST_RUNS = 2, 12
#: Pictures of a run: VMAF looks at motion, so one alone would not do.
RUN_FRAMES = 3
#: Longer than any clock runs.
_FOREVER_S = 1e9
#: Around a frame's time, as a share of its length: far from any other's.
_MARGIN_FRAMES = 0.25


@dataclass(frozen=True)
class Sample:
    """A few grid frames in a row."""

    first_frame: int
    end_frame: int


def choose(shots: Sequence[Shot], grid: Grid) -> tuple[Sample, ...]:
    """Take runs of frames from the middles of shots, evenly over them."""
    n_frames = sum(shot.end_frame - shot.first_frame for shot in shots)
    last, first = shots[-1].end_frame, shots[0].first_frame
    n_runs = round((last - first) / float(grid.frame_rate) / _EVERY_S)
    n_runs = max(1, min(max(_LEAST_RUNS, n_runs), _MOST_RUNS, n_frames // (2 * RUN_FRAMES)))
    aims = [first + (last - first) * (number + 0.5) / n_runs for number in range(n_runs)]
    starts = sorted({_nearest(aim, shots) for aim in aims})
    return tuple(Sample(at, min(at + RUN_FRAMES, last)) for at in starts)


def _nearest(aim: float, shots: Sequence[Shot]) -> int:
    """Find the frame nearest to an aim from which a run fits into a shot."""
    inside = [max(shot.first_frame, min(round(aim), shot.end_frame - RUN_FRAMES)) for shot in shots]
    return min(inside, key=lambda at: abs(at - aim))


def in_rendition(samples: Sequence[Sample | Shot], grid: Grid) -> tuple[Window, ...]:
    """Say when the samples are shown, by a rendition's own clock."""
    rate = float(grid.frame_rate)
    return tuple(_window(one.first_frame, one.end_frame, rate, MEDIA_ZERO_S) for one in samples)


def _window(first: int, end: int, rate: float, zero_s: float) -> Window:
    return Window(
        zero_s + (first - _MARGIN_FRAMES) / rate, zero_s + (end - 1 + _MARGIN_FRAMES) / rate
    )


def around(shots: Sequence[Shot], grid: Grid, margin_frames: int) -> tuple[Window, ...]:
    """Say when the source shows shots and what lies around them; the first from its start on.

    A picture may be held for long before the asset's first frame.
    """
    rate, zero_s = float(grid.frame_rate), float(grid.source_start_s)
    windows = [
        _window(one.first_frame - margin_frames, one.end_frame + margin_frames, rate, zero_s)
        for one in shots
    ]
    if shots[0].first_frame == 0:
        windows[0] = Window(-_FOREVER_S, windows[0].end_s)
    return tuple(windows)


def in_source(samples: Sequence[Sample], grid: Grid) -> tuple[Window, ...]:
    """Say when the source shows them, a frame more on either side: rounding decides which."""
    rate, zero_s = float(grid.frame_rate), float(grid.source_start_s)
    return tuple(_window(one.first_frame - 1, one.end_frame + 1, rate, zero_s) for one in samples)


def pairs(
    samples: tuple[Sample, ...], grid: Grid, made: Film, right: Film
) -> list[tuple[int, int]]:
    """Pair the sampled pictures by their place among those written on either side."""
    ours = _written(made, in_asset(in_rendition(samples, grid), MEDIA_ZERO_S))
    theirs = _written(right, in_asset(in_source(samples, grid), float(grid.source_start_s)))
    numbers = np.rint(positions(made, grid)).astype(np.intp)
    expected = expected_rows(right, numbers, grid)
    return [
        (place, theirs[row])
        for picture, place in ours.items()
        if (row := int(expected[picture])) in theirs
    ]


def in_asset(windows: tuple[Window, ...], zero_s: float) -> tuple[Window, ...]:
    """Turn times of a file into seconds from the asset's zero."""
    return tuple(Window(one.start_s - zero_s, one.end_s - zero_s) for one in windows)


def _written(film: Film, windows: tuple[Window, ...]) -> dict[int, int]:
    """Number the pictures that fall into a window: row of the film → place in the file."""
    is_inside = np.zeros(len(film), bool)
    for one in windows:
        is_inside |= (film.times_s >= one.start_s) & (film.times_s <= one.end_s)
    return {int(row): place for place, row in enumerate(np.flatnonzero(is_inside))}
