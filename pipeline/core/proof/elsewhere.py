"""Whether a segment shows another part of the source: a swap, or a start forgotten."""

import numpy as np
from numpy.typing import NDArray

from pipeline.core.proof.film import Bytes, Film, Floats
from schemas.plan import Grid

#: Pictures of a segment that are looked for in the whole stretch.
_PROBES = 4
#: Blocks of a small picture averaged into one on either side: what is left is quick to search.
_POOL = 4
#: Nearer than this, in frames, it is the neighbours' matter.
_FAR_FRAMES = 2.75
#: Two pictures that differ by less are taken for the same.
_TELLS = 12.0
_MOST_LEAN = 0.75


def elsewhere(luma: Bytes, source: Film, expected: NDArray[np.intp], grid: Grid) -> float | None:
    """Tell how far from its time, in source seconds, a segment's pictures are found.

    None where they are found where they belong, or too few agree.
    """
    chosen = np.unique(np.linspace(0, len(luma) - 1, _PROBES + 2).astype(np.intp)[1:-1])
    wanted = expected[chosen]
    probes, pool = _coarse(luma[chosen]), _coarse(source.luma)
    table = _table(probes, pool)
    every = np.arange(len(chosen))
    found = np.argmin(table, axis=1)
    off_s = source.times_s[found] - source.times_s[wanted]
    change = np.mean((pool[found] - pool[wanted]) ** 2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        leaning = ((table[every, wanted] - table[every, found]) / change + 1) / 2
    is_far = np.abs(off_s) * float(grid.frame_rate) > _FAR_FRAMES
    is_there = is_far & (change >= _TELLS) & (leaning > _MOST_LEAN)
    if np.count_nonzero(is_there) * 2 <= len(chosen):
        return None
    return float(np.median(off_s[is_there]))


def _coarse(luma: Bytes) -> Floats:
    """Average runs of blocks: a picture's row order is all that is needed of its shape."""
    n_kept = luma.shape[1] // _POOL * _POOL
    coarse: Floats = luma[:, :n_kept].reshape(len(luma), -1, _POOL).mean(axis=2, dtype=np.float32)
    return coarse


def _table(some: Floats, others: Floats) -> Floats:
    """Mean squared difference of every picture to every other."""
    lengths = np.einsum("np,np->n", some, some)[:, None] + np.einsum("np,np->n", others, others)
    table: Floats = ((lengths - 2 * some @ others.T) / some.shape[1]).astype(np.float32)
    return table
