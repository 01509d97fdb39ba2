"""Whether each picture is the source's picture of its time.

A picture cannot be compared for equality: it was scaled and encoded. But it must be nearer to
the source picture of its time than to those beside it, wherever these differ: its distance to
both tells how far it leans from the one to the other, 0 to 1, whatever the noise.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.proof.elsewhere import elsewhere
from pipeline.core.proof.film import Film, Floats, distances
from pipeline.core.proof.track import Part, Track
from pipeline.core.verdicts import MOST_FLAWS, point_of
from schemas.certificate import Figure, Flaw, Point, PointName, Verdict
from schemas.plan import Grid

Rows = NDArray[np.intp]

#: Neighbours on either side that a picture is held against.
_REACH = 2
#: A source picture this near to a grid point, in frames, may be shown there: where the source's
#: beat is not the grid's, rounding decides.
_NEAR_FRAMES = 0.75
#: Leaning further than this is being the other picture.
MOST_LEAN = 0.75
#: Two pictures differ visibly from this mean squared difference on (of 255²): below it an
#: encoder may leave a picture as it was.
_TELLS_ONE = 6.0
#: The same of a whole segment, whose pictures speak together.
_TELLS_MANY = 1.0
_MANY = 6
#: No encode is further from its source, block by block, but another picture may be: by half of
#: what two pictures of the source differ, within these bounds.
_LEAST_UNLIKE, _MOST_UNLIKE = 60.0, 400.0
#: Share of a rung's pictures that must find their source picture.
_LEAST_COMPARED = 0.5


@dataclass(frozen=True)
class Compared:
    """The pictures of a rendition beside those of the source."""

    film: Film
    #: Grid frame of each picture.
    numbers: Rows
    #: Row of the source picture that should be shown.
    expected: Rows
    #: Distance to the neighbours from −REACH to +REACH around the expected one.
    around: Floats
    #: Distance to the right picture, the lean from it to the nearest wrong one, and how much
    #: these two differ.
    error: Floats
    lean: Floats
    change: Floats


def expected_rows(source: Film, numbers: Rows, grid: Grid) -> Rows:
    """Tell which source picture is shown at each grid frame: the last that is due by then."""
    points = np.floor(positions(source, grid) + 0.5 + 1e-6)
    return np.maximum(np.searchsorted(points, numbers, side="right") - 1, 0)


def positions(film: Film, grid: Grid) -> NDArray[np.float64]:
    """Tell where on the grid each picture stands, in frames."""
    return film.times_s * float(grid.frame_rate)


def compare(film: Film, source: Film, grid: Grid) -> Compared:
    """Hold each picture of a rendition against the source's around its time.

    Left out are pictures whose own source picture lies before its shot: a seek may land late, and
    a picture may be held for long.
    """
    numbers = np.rint(positions(film, grid)).astype(np.intp)
    expected = expected_rows(source, numbers, grid)
    inside = np.flatnonzero(source.shots[expected] == film.shots)
    film, numbers, expected = film.rows(inside), numbers[inside], expected[inside]
    rows = [np.clip(expected + k, 0, len(source) - 1) for k in range(-_REACH, _REACH + 1)]
    every = np.arange(len(film))
    around = np.stack([distances(film.luma, every, source.luma, each) for each in rows])
    near = np.abs(positions(source, grid)[np.stack(rows)] - numbers) <= _NEAR_FRAMES
    is_right = near | (np.stack(rows) == expected)
    right = np.argmin(np.where(is_right, around, np.inf), axis=0)
    wrong = np.argmin(np.where(is_right, np.inf, around), axis=0)
    error, rival = around[right, every], np.where(is_right, np.inf, around)[wrong, every]
    table = np.stack(rows)
    change = source.change(table[right, every], table[wrong, every])
    change[~np.isfinite(rival)] = 0.0
    return Compared(film, numbers, expected, around, error, lean(error, rival, change), change)


def lean(error: Floats, rival: Floats, change: Floats) -> Floats:
    """Tell how far pictures lean from the right ones (0) to others (1) that differ so much."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = ((error - rival) / change + 1) / 2
    return np.where(change > 0, found, 0.0).astype(np.float32)


@dataclass(frozen=True)
class Viewed:
    """A rung's pictures, and the source's they are held against."""

    track: Track
    made: Film
    source: Film
    grid: Grid
    #: The source decodes without a message.
    is_clean: bool


def pictures(viewed: Viewed) -> Point:
    """Say whether each compared picture of a rung is the source's of its time.

    Where the source itself does not decode cleanly, two decoders need not make the same of it:
    then a difference is told of, and is no verdict.
    """
    point = Point(name=PointName.PICTURES, rendition=viewed.track.name, verdict=Verdict.UNDECIDED)
    if not len(viewed.source) or not len(viewed.made):
        return point.model_copy(update={"note": "There are no pictures to compare."})
    compared = compare(viewed.made, viewed.source, viewed.grid)
    if len(compared.film) < len(viewed.made) * _LEAST_COMPARED:
        return point.model_copy(update={"note": "Too few of the source's pictures were found."})
    flaws = list(_flaws(viewed, compared))
    n_told = int(np.count_nonzero(compared.change >= _TELLS_ONE))
    figures = (
        Figure(name="n_compared", value=len(compared.film), fold="sum"),
        Figure(name="n_told_apart", value=n_told, fold="sum"),
        Figure(name="mean_error", value=round(float(np.mean(compared.error)), 3)),
    )
    point = point.model_copy(update={"figures": figures, "note": _note(n_told, compared)})
    if flaws and not viewed.is_clean:
        note = "The source is damaged, and its damage may look different each time."
        return point.model_copy(update={"note": note, "flaws": tuple(flaws[:MOST_FLAWS])})
    is_decided = n_told > 0 or _tell_together(compared, viewed.source)
    return point_of(point, flaws, is_decided=is_decided)


def _note(n_told: int, compared: Compared) -> str:
    if n_told * 2 >= len(compared.film):
        return ""
    return "Most pictures look like the ones beside them: one taken for another would not show."


def _tell_together(compared: Compared, source: Film) -> bool:
    other = np.minimum(compared.expected + 1, len(source) - 1)
    return bool(np.mean(source.change(compared.expected, other)) >= _TELLS_MANY)


def _flaws(viewed: Viewed, compared: Compared) -> Iterator[Flaw]:
    unlike = _unlike(viewed.source)
    for part in viewed.track.read():
        first, end = _frames(viewed, part)
        rows = np.flatnonzero((compared.numbers >= first) & (compared.numbers < end))
        if len(rows):
            yield from _flaw(viewed, compared, part, rows, unlike)


def _frames(viewed: Viewed, part: Part) -> tuple[int, int]:
    """Tell which frames of the grid are a part's."""
    rate, n_frames = viewed.grid.frame_rate, viewed.grid.segment_frames
    if not viewed.track.is_clocked:
        return part.index * n_frames, (part.index + 1) * n_frames
    return round(part.start_s * rate), round((part.start_s + part.segment.duration_s) * rate)


def _flaw(
    viewed: Viewed, compared: Compared, part: Part, rows: Rows, unlike: float
) -> Iterator[Flaw]:
    """Say the most telling thing that is wrong with a segment's pictures."""
    track, expected = viewed.track, compared.expected[rows]
    off_s = elsewhere(compared.film.luma[rows], viewed.source, expected, viewed.grid)
    shift = _shift(rows, compared, viewed)
    is_other = (compared.lean[rows] > MOST_LEAN) & (compared.change[rows] >= _TELLS_ONE)
    if off_s is not None:
        yield track.flaw(part, f"it shows what the source shows {off_s:+.3f} s from there")
    elif shift:
        yield track.flaw(part, f"its pictures are the source's {shift:+d} frames from there")
    elif np.any(is_other):
        at_s = float(compared.film.times_s[rows[np.argmax(is_other)]])
        n_others = int(np.count_nonzero(is_other))
        yield track.flaw(part, f"{n_others} pictures are the ones beside them", at_s=at_s)
    elif float(np.mean(compared.error[rows])) > unlike:
        yield track.flaw(part, "its pictures are not the source's")


def _unlike(source: Film) -> float:
    """Tell from which error on a picture is none of the source's: half of what two differ by."""
    half = np.arange(len(source) // 2)
    if not len(half):
        return _MOST_UNLIKE
    apart = distances(source.luma, half, source.luma, half + len(source) // 2)
    return max(_LEAST_UNLIKE, min(float(np.median(apart)) / 2, _MOST_UNLIKE))


def _shift(rows: Rows, compared: Compared, viewed: Viewed) -> int:
    """Tell by how many frames a whole segment is off."""
    if len(rows) < _MANY:
        return 0
    source, expected = viewed.source, compared.expected[rows]
    at = positions(source, viewed.grid)
    own = float(np.mean(compared.around[_REACH, rows]))
    found, most = 0, MOST_LEAN
    for k in (-1, 1, -2, 2):
        others = np.clip(expected + k, 0, len(source) - 1)
        change = float(np.mean(source.change(expected, others)))
        if change < _TELLS_MANY or abs(float(np.median(at[others] - at[expected]))) < _NEAR_FRAMES:
            continue
        leaning = ((own - float(np.mean(compared.around[_REACH + k, rows]))) / change + 1) / 2
        if leaning > most:
            found, most = k, leaning
    return found
