"""The storyboard: which tile of which sprite shows which stretch of an asset, as WebVTT.

Players (video.js, Plyr, Shaka, JW) read cues that name an image and a rectangle in it.
Source: media fragments, https://www.w3.org/TR/media-frags/#naming-space (``#xywh=``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf

#: A full sprite; larger images cost phones memory.
COLUMNS, ROWS = 10, 10
TILE_WIDTH_PX = 160

#: Above this length a late tile is a smaller evil than decoding every frame.
_LONG_S = 2 * 3600
_LONGEST_GAP_S = 60.0
#: Less than this at the end is no tile of its own.
_SLIVER_S = Fraction(1, 4)
#: Half a millisecond, the clock of Matroska: times this close to a border are on it.
_TICK_S = 0.0005
#: Times of one picture, read by two tools, differ by no more.
_LATE_S = 0.002


#: From when to when, in seconds.
Stretch = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Board:
    """The measures of one storyboard."""

    n_tiles: int
    interval_s: int
    tile_width_px: int
    tile_height_px: int

    @property
    def columns(self) -> int:
        """Tiles in a row of a sprite."""
        return min(COLUMNS, self.n_tiles)

    @property
    def rows(self) -> int:
        """Rows of a sprite; the last sprite of several may be partly black."""
        return min(ROWS, -(-self.n_tiles // self.columns))


def useful_tiles(n_made: int, duration_s: Fraction, interval_s: int) -> int:
    """Count the tiles to name: a sliver at the end stays with the tile before it."""
    return max(1, min(n_made, ceil((duration_s - _SLIVER_S) / interval_s)))


def tile_size(width_px: int, height_px: int) -> tuple[int, int]:
    """Fit a displayed picture into a tile; even sides, tall pictures no higher than wide ones."""
    scale = Fraction(TILE_WIDTH_PX, max(width_px, height_px))
    return _even(width_px * scale), _even(height_px * scale)


def can_use_keyframes(
    keyframes_s: Sequence[float], *, start_s: float, duration_s: float, interval_s: int
) -> bool:
    """Tell whether keyframes alone fill the tiles: one at least in every tile's stretch."""
    times = [time - start_s for time in keyframes_s]
    if not times:
        return False
    gaps = [b - a for a, b in zip(times, [*times[1:], duration_s], strict=True)]
    if duration_s > _LONG_S:
        return max(gaps) <= _LONGEST_GAP_S
    filled = {int((time + _TICK_S) // interval_s) for time in times}
    return filled.issuperset(range(ceil(duration_s / interval_s)))


def are_on_time(
    times_s: Sequence[float], keyframes_s: Sequence[float], *, start_s: float, interval_s: int
) -> bool:
    """Tell whether each tile shows the first known keyframe of its stretch, or an earlier one.

    ``times_s`` counts from the asset's zero, one per tile. H.264 keyframes that are no fresh
    start come out of ffmpeg's decoder in the wrong order when all between them is skipped.
    """
    seen = {int((time + _TICK_S) // interval_s): time for time in reversed(times_s)}
    firsts = {
        int((time - start_s + _TICK_S) // interval_s): time - start_s
        for time in reversed(keyframes_s)
    }
    return all(seen.get(tile, inf) <= first + _LATE_S for tile, first in firsts.items())


def vtt(
    board: Board, sprites: Sequence[str], *, duration_s: Fraction, shown_s: Sequence[Stretch] = ()
) -> str:
    """Write the cues; ``sprites`` are addresses relative to where the text is served.

    Tile k covers [k, k+1) intervals from the asset's zero; the last ends with the asset. Where
    players are shown only some stretches of it, one after the other, cues follow their time.
    """
    per_sprite = board.columns * board.rows
    lines = ["WEBVTT", ""]
    for tile in range(board.n_tiles):
        row, column = divmod(tile % per_sprite, board.columns)
        place = (
            f"{column * board.tile_width_px},{row * board.tile_height_px},"
            f"{board.tile_width_px},{board.tile_height_px}"
        )
        for start_s, end_s in _within(_covered(board, tile, duration_s), shown_s):
            lines += [
                f"{_clock(start_s)} --> {_clock(end_s)}",
                f"{sprites[tile // per_sprite]}#xywh={place}",
                "",
            ]
    return "\n".join(lines)


def _covered(board: Board, tile: int, duration_s: Fraction) -> Stretch:
    start_s = Fraction(tile * board.interval_s)
    if tile == board.n_tiles - 1:
        return start_s, max(duration_s, start_s + Fraction(1, 1000))
    return start_s, start_s + board.interval_s


def _within(covered: Stretch, shown_s: Sequence[Stretch]) -> Iterator[Stretch]:
    """Tell when a player shows what is covered; a tile of a gap is shown never."""
    if not shown_s:
        yield covered
        return
    at_s = Fraction(0)
    for from_s, until_s in shown_s:
        first_s, last_s = max(covered[0], from_s), min(covered[1], until_s)
        if first_s < last_s:
            yield at_s + first_s - from_s, at_s + last_s - from_s
        at_s += until_s - from_s


def _even(length_px: Fraction) -> int:
    return max(2, round(length_px / 2) * 2)


def _clock(time_s: Fraction) -> str:
    total_ms = int(time_s * 1000)
    minutes, milliseconds = divmod(total_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"


def poster_keyframe_s(keyframes_s: Sequence[float], *, at_s: float, reach_s: float) -> float | None:
    """Find the keyframe nearest to a time, in the same clock; None where none is within reach."""
    near = [time for time in keyframes_s if abs(time - at_s) <= reach_s]
    return min(near, key=lambda time: abs(time - at_s)) if near else None
