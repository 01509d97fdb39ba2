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
#: Stretches up to this long are compared whole.
_SHORT_S = 12.0
#: What starting a program costs, in seconds of decoding.
_START_S = 0.5


@dataclass(frozen=True)
class Shot:
    """A run of grid frames that is compared."""

    first_frame: int
    end_frame: int


@dataclass(frozen=True)
class Reel:
    """Shots decoded in one go, from a source keyframe on; None: from the start."""

    seek_s: float | None
    shots: tuple[Shot, ...]


def choose(
    facts: MediaFacts, grid: Grid, chunks: Sequence[ChunkPlan], stretch: Stretch
) -> tuple[Shot, ...]:
    """Choose the shots of a stretch, in order and apart; all of it where it is short."""
    rate = float(grid.frame_rate)
    first = round(stretch.start_s * rate)
    end = min(round(stretch.end_s * rate), grid.n_frames)
    if end - first <= _SHORT_S * rate:
        return (Shot(first, end),)
    keyframes_s = facts.video.keyframes_s if facts.video else ()
    spans = [(first, first + 2 * _AT_SEAM), (end - 2 * _AT_SEAM, end), *_seams(chunks)]
    seen = {min(at, end - 1) // grid.segment_frames for _, at in spans}
    starts = range(first, end, grid.segment_frames)
    unseen = (start for start in starts if start // grid.segment_frames not in seen)
    spans.extend(_in_segment(start, grid, keyframes_s) for start in unseen)
    kept = ((max(a, first), min(b, end)) for a, b in spans)
    return tuple(_joined(sorted(each for each in kept if each[0] < each[1])))


def _seams(chunks: Sequence[ChunkPlan]) -> Iterator[tuple[int, int]]:
    for chunk in chunks[1:]:
        yield chunk.first_frame - _AT_SEAM, chunk.first_frame + _AT_SEAM


def _in_segment(start: int, grid: Grid, keyframes_s: Sequence[float]) -> tuple[int, int]:
    """Take the pictures after the first keyframe in a segment, or else those in its middle."""
    number = bisect_left(keyframes_s, _source_s(start, grid))
    at = start + grid.segment_frames // 2
    if number < len(keyframes_s):
        frames = (keyframes_s[number] - float(grid.source_start_s)) * float(grid.frame_rate)
        at_keyframe = round(frames) + MARGIN_FRAMES
        if at_keyframe + _IN_SEGMENT <= start + grid.segment_frames:
            at = at_keyframe
    return at, min(at + _IN_SEGMENT, start + grid.segment_frames)


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[Shot]:
    """Join spans whose margins would meet."""
    last: Shot | None = None
    for first, end in spans:
        if last is not None and first - last.end_frame <= 2 * MARGIN_FRAMES + 1:
            last = Shot(last.first_frame, max(last.end_frame, end))
            continue
        if last is not None:
            yield last
        last = Shot(first, end)
    if last is not None:
        yield last


def reels(shots: Sequence[Shot], facts: MediaFacts, grid: Grid) -> tuple[Reel, ...]:
    """Part shots where starting anew from a keyframe is cheaper than decoding what lies between."""
    keyframes_s = facts.video.keyframes_s if facts.video and facts.is_seekable else ()
    found: list[Reel] = []
    for shot in shots:
        seek_s = _seek_s(shot.first_frame, grid, keyframes_s)
        is_near = found and (
            seek_s is None or seek_s - _source_s(found[-1].shots[-1].end_frame, grid) < _START_S
        )
        if is_near:
            found[-1] = Reel(found[-1].seek_s, (*found[-1].shots, shot))
        else:
            found.append(Reel(seek_s, (shot,)))
    return tuple(found)


def _seek_s(frame: int, grid: Grid, keyframes_s: Sequence[float]) -> float | None:
    """Name the last keyframe that lies before a frame and the margin in front of it."""
    before = bisect_right(keyframes_s, _source_s(frame - MARGIN_FRAMES, grid) + 1e-3)
    # The first keyframe is the start of the file, which needs no seek.
    return keyframes_s[before - 1] if before > 1 else None


def _source_s(frame: int, grid: Grid) -> float:
    return float(grid.source_start_s + frame / grid.frame_rate)
