"""Which pictures of a stretch are compared: decoding all of a source would cost too much.

Every rung is decoded whole, for its messages. Of the source only shots are: around each seam of
the picture's chunks, at both ends, and once in every segment, from a keyframe where there is one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from schemas.certificate import Stretch
from schemas.media import MediaFacts
from schemas.plan import ChunkPlan, Grid

#: Pictures on each side of a seam, and as many twice at the ends.
_AT_SEAM = 10
#: Pictures of a segment's own shot.
_IN_SEGMENT = 10
#: Source pictures beyond a shot's ends, to tell its pictures from their neighbours.
MARGIN_FRAMES = 3
#: Where shots would cost this share of decoding everything, everything is decoded.
_MOST_SHARE = 0.6
#: What starting a program for a shot costs, in seconds of media.
_START_S = 0.5


@dataclass(frozen=True)
class Shot:
    """A run of grid frames, and the source keyframe to begin from; None: from the start."""

    first_frame: int
    end_frame: int
    seek_s: float | None = None


def choose(
    facts: MediaFacts, grid: Grid, chunks: Sequence[ChunkPlan], stretch: Stretch
) -> tuple[Shot, ...]:
    """Choose the shots of a stretch, in order and apart, or one that is all of it."""
    rate = float(grid.frame_rate)
    first = round(stretch.start_s * rate)
    end = min(round(stretch.end_s * rate), grid.n_frames)
    keyframes_s = facts.video.keyframes_s if facts.video and facts.is_seekable else ()
    whole = Shot(first, end, _seek_s(first, grid, keyframes_s))
    if not keyframes_s:
        return (whole,)
    wanted = [*_ends(first, end), *_seams(chunks), *_segments(first, end, grid, keyframes_s)]
    kept = ((max(a, first), min(b, end)) for a, b in wanted)
    shots = tuple(_joined(sorted(each for each in kept if each[0] < each[1]), grid, keyframes_s))
    cost_s = sum(_cost_s(shot, grid) for shot in shots)
    return shots if cost_s < _MOST_SHARE * _cost_s(whole, grid) else (whole,)


def _ends(first: int, end: int) -> Iterator[tuple[int, int]]:
    yield first, first + 2 * _AT_SEAM
    yield end - 2 * _AT_SEAM, end


def _seams(chunks: Sequence[ChunkPlan]) -> Iterator[tuple[int, int]]:
    for chunk in chunks[1:]:
        yield chunk.first_frame - _AT_SEAM, chunk.first_frame + _AT_SEAM


def _segments(
    first: int, end: int, grid: Grid, keyframes_s: Sequence[float]
) -> Iterator[tuple[int, int]]:
    """Take the pictures after the first keyframe in each segment, or else those in its middle."""
    for start in range(first, end, grid.segment_frames):
        number = bisect_left(keyframes_s, _source_s(start + MARGIN_FRAMES, grid))
        at = start + grid.segment_frames // 2
        if number < len(keyframes_s):
            at_keyframe = round(
                (keyframes_s[number] - float(grid.source_start_s)) * grid.frame_rate
            )
            if at_keyframe + MARGIN_FRAMES < start + grid.segment_frames - _IN_SEGMENT:
                at = at_keyframe + MARGIN_FRAMES
        yield at, at + _IN_SEGMENT


def _joined(
    spans: Iterable[tuple[int, int]], grid: Grid, keyframes_s: Sequence[float]
) -> Iterator[Shot]:
    """Join spans where the next would begin from before the end of the last."""
    last: Shot | None = None
    for first, end in spans:
        seek_s = _seek_s(first, grid, keyframes_s)
        if last is not None and (seek_s is None or seek_s < _source_s(last.end_frame, grid)):
            last = Shot(last.first_frame, max(last.end_frame, end), last.seek_s)
            continue
        if last is not None:
            yield last
        last = Shot(first, end, seek_s)
    if last is not None:
        yield last


def _seek_s(frame: int, grid: Grid, keyframes_s: Sequence[float]) -> float | None:
    """Name the last keyframe that lies before a frame and the margin in front of it."""
    before = bisect_right(keyframes_s, _source_s(frame - MARGIN_FRAMES, grid) + 1e-3)
    # The first keyframe is the start of the file, which needs no seek.
    return keyframes_s[before - 1] if before > 1 else None


def _source_s(frame: int, grid: Grid) -> float:
    return float(grid.source_start_s + frame / grid.frame_rate)


def _cost_s(shot: Shot, grid: Grid) -> float:
    start_s = float(grid.source_start_s) if shot.seek_s is None else shot.seek_s
    return _START_S + _source_s(shot.end_frame, grid) - start_s
