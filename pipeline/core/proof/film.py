"""Small pictures of a whole stretch, each known by its time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schemas.plan import RungPlan

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Times = NDArray[np.float64]
Rows = NDArray[np.intp]

#: Longer side of a small picture: blocks of some thirty pixels in HD, in which motion shows and
#: noise does not.
_LONGER_SIDE_PX = 64
#: Pictures turned into floats at once: enough to be fast, few enough to stay in the cache.
_BATCH = 256
#: Furthest neighbour that distances are kept of.
REACH = 4
_TIME = re.compile(rb"^frame:\d+ +pts:(-?\d+)", re.MULTILINE)


def small_size_px(rung: RungPlan) -> tuple[int, int]:
    """Choose the size of small pictures, of the rung's shape, even."""
    longer = max(rung.width_px, rung.height_px)
    sides = (
        round(side * _LONGER_SIDE_PX / longer / 2) * 2 for side in (rung.width_px, rung.height_px)
    )
    width_px, height_px = (max(4, side) for side in sides)
    return width_px, height_px


def read_ticks(printed: bytes) -> list[int]:
    """Read the times that ffmpeg's ``metadata`` filter printed, in ticks of its time base."""
    return [int(ticks) for ticks in _TIME.findall(printed)]


@dataclass(frozen=True)
class Film:
    """Pictures and their times, ascending; as many of one as of the other."""

    #: One row per picture: its brightness, block by block.
    luma: Bytes
    #: Seconds from the asset's zero.
    times_s: Times
    #: Number of the shot each belongs to.
    shots: NDArray[np.intp]

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.times_s)

    def rows(self, rows: NDArray[np.intp]) -> "Film":
        """Keep some pictures alone."""
        return Film(self.luma[rows], self.times_s[rows], self.shots[rows])

    @cached_property
    def steps(self) -> tuple[Floats, ...]:
        """Mean squared difference of each picture to the one 1 … REACH later."""
        return tuple(
            distances(
                self.luma,
                np.arange(max(0, len(self) - step)),
                self.luma,
                np.arange(step, max(step, len(self))),
            )
            for step in range(1, REACH + 1)
        )

    def change(self, one: NDArray[np.intp], other: NDArray[np.intp]) -> Floats:
        """Look up the mean squared difference of pairs of pictures, at most REACH apart."""
        low, step = np.minimum(one, other), np.abs(one - other)
        found = np.zeros(len(low), np.float32)
        for number, steps in enumerate(self.steps, start=1):
            here = step == number
            found[here] = steps[low[here]]
        return found


def film_of(raw: bytes, size_px: tuple[int, int], times_s: Times, shots: Rows) -> Film:
    """Lay raw 4:2:0 pictures out by time; what has no time, or no picture, is left out."""
    width_px, height_px = size_px
    n_luma, n_bytes = width_px * height_px, width_px * height_px * 3 // 2
    n_pictures = min(len(raw) // n_bytes, len(times_s))
    rows = np.frombuffer(raw, np.uint8, n_pictures * n_bytes).reshape(n_pictures, n_bytes)
    order = np.argsort(times_s[:n_pictures], kind="stable")
    luma = np.ascontiguousarray(rows[order, :n_luma])
    return Film(luma, times_s[:n_pictures][order], shots[:n_pictures][order])


def joined(films: Sequence[Film]) -> Film:
    """Put shots, which come in order, one after another."""
    return Film(
        np.concatenate([film.luma for film in films]),
        np.concatenate([film.times_s for film in films]),
        np.concatenate([film.shots for film in films]),
    )


def distances(
    some: Bytes, of_some: NDArray[np.intp], others: Bytes, of_others: NDArray[np.intp]
) -> Floats:
    """Mean squared difference of pairs of pictures, named by their row on either side."""
    found = np.empty(len(of_some), np.float32)
    for rows in _batches(len(of_some)):
        difference = some[of_some[rows]].astype(np.float32) - others[of_others[rows]]
        found[rows] = np.einsum("np,np->n", difference, difference) / difference.shape[1]
    return found


def _batches(n_rows: int) -> Iterator[slice]:
    return (slice(at, min(at + _BATCH, n_rows)) for at in range(0, n_rows, _BATCH))
