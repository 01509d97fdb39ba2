"""The output's time grid, and the chunks it is cut into."""

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from pipeline.core.errors import MediaUnsupported
from pipeline.core.scan import picture_rate
from schemas.media import MediaFacts, VideoFacts
from schemas.plan import ChunkPlan, Grid
from schemas.profile import Profile
from schemas.vocabulary import Deinterlace

#: Rates of the field. A rate measured within a five-thousandth of one is that one.
_USUAL_RATES = tuple(
    Fraction(rate)
    for rate in ("24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60")
)
_RATE_TOLERANCE = Fraction(1, 5000)
#: Keeps the track's clock (rate numerator × a power of two) within 32 bits.
_MOST_RATE_DENOMINATOR = 1001
#: Slide shows get at least this rate, so that a segment holds whole frames.
_LEAST_RATE = Fraction(1)
#: How far a chunk border may be drawn from its aimed place, as a share of the chunk.
_BORDER_REACH = Fraction(1, 4)
#: Chunks grow shorter towards the end: each takes this share of what is left, so that all slots
#: come to the end of a job together, however many there are …
_SHARE_OF_REST = Fraction(1, 3)
#: … down to this length: below it, starting ffmpeg and decoding up to the border weigh too much.
_SHORT_CHUNK_S = 12


def grid(facts: MediaFacts, profile: Profile) -> Grid:
    """Lay the grid of a source with a picture.

    Its end is the frame nearest to the end of the picture. Its zero is the asset's, moved by at
    most half a frame so that frames of a constant-rate source fall on grid points, never between
    two of them: rounding would drop and double frames there.

    Raises:
        MediaUnsupported: the source has no picture, or one without rate or length.
    """
    video = facts.video
    if video is None or video.frame_rate <= 0 or video.duration_s <= 0:
        raise MediaUnsupported("The picture has no frame rate or no length.")
    rate = frame_rate(video, profile.max_frame_rate, profile.deinterlace)
    lead_frames = round((video.start_s - facts.start_s) * rate)
    segment_frames, n_keyframes = _segment(profile, rate)
    return Grid(
        frame_rate=rate,
        n_frames=max(1, lead_frames + round(video.duration_s * rate)),
        segment_frames=segment_frames,
        keyframes_per_segment=n_keyframes,
        source_start_s=video.start_s - lead_frames / rate,
    )


def _segment(profile: Profile, rate: Fraction) -> tuple[int, int]:
    """Choose frames and keyframes of a segment: keyframes lie evenly, on whole frames."""
    n_frames = max(1, round(profile.segment_s * rate))
    if profile.keyframe_interval_s is None:
        return n_frames, 1
    # No more keyframes than frames, where a slide show is cut.
    n_keyframes = min(n_frames, int(profile.segment_s / profile.keyframe_interval_s))
    return round(Fraction(n_frames, n_keyframes)) * n_keyframes, n_keyframes


def keyframe_frames(grid: Grid) -> int:
    """Count the frames from one keyframe to the next."""
    return grid.segment_frames // grid.keyframes_per_segment


def frame_rate(
    video: VideoFacts, most: Fraction, deinterlace: Deinterlace = Deinterlace.FRAME
) -> Fraction:
    """Choose the exact output rate: that of the source's whole pictures, halved until it fits.

    A variable-rate source whose nominal rate is too high is capped instead: halving has no
    meaning where frames follow no beat.
    """
    rate = _snap(picture_rate(video, deinterlace))
    if video.is_variable_rate:
        rate = min(rate, most)
    while rate > most:
        rate /= 2
    while rate < _LEAST_RATE:
        rate *= 2
    return rate


def _snap(rate: Fraction) -> Fraction:
    usual = min(_USUAL_RATES, key=lambda each: abs(each - rate))
    if abs(usual - rate) <= usual * _RATE_TOLERANCE:
        return usual
    return rate.limit_denominator(_MOST_RATE_DENOMINATOR) or _LEAST_RATE


def tail_frames(grid: Grid) -> int:
    """Count the frames that may be missing at the end before a source counts as truncated.

    Containers announce lengths that their frames do not quite reach; up to a second, or a
    segment if that is shorter, the last frame is held instead.
    """
    return min(grid.segment_frames, max(1, round(grid.frame_rate)))


def cut(grid: Grid, facts: MediaFacts, profile: Profile) -> tuple[ChunkPlan, ...]:
    """Cut the grid into chunks of whole segments.

    The first is short, so that a viewer can start soon; the last ones are, so that no slot works
    alone for long at the end. Borders after the first are drawn to the segment boundary, near the
    aimed one, that lies least behind a keyframe of the source: what lies between is decoded and
    thrown away. A source that cannot be sought exactly stays whole.
    """
    if not facts.is_seekable:
        return (ChunkPlan(index=0, first_frame=0, end_frame=grid.n_frames),)
    borders = [0, *_borders(grid, facts, profile), grid.n_frames]
    return tuple(
        ChunkPlan(index=index, first_frame=first, end_frame=end)
        for index, (first, end) in enumerate(pairwise(borders))
    )


def _borders(grid: Grid, facts: MediaFacts, profile: Profile) -> Iterator[int]:
    segment = grid.segment_frames
    longest = _segments(profile.chunk_s, grid)
    keyframes_s = facts.video.keyframes_s if facts.video else ()
    # The first border is moved forward alone: a late start costs more than some decoding.
    latest = min(profile.first_chunk_segments, longest)
    border = _best_border(range(1, latest + 1), latest, grid, keyframes_s)
    n_segments = -(-grid.n_frames // segment)
    # A last chunk holds more than may be missing at the end: it never comes out empty.
    while grid.n_frames - border * segment > tail_frames(grid):
        yield border * segment
        aimed = _aimed(n_segments - border, longest, grid)
        # A rest of less than half a chunk goes to the chunk before it.
        if n_segments - border <= aimed + aimed // 2:
            return
        border = _best_border(_near(border + aimed, aimed), border + aimed, grid, keyframes_s)


def _aimed(n_left: int, longest: int, grid: Grid) -> int:
    """Choose the length of the next chunk, in segments, by how many are left."""
    return min(longest, max(_segments(_SHORT_CHUNK_S, grid), int(n_left * _SHARE_OF_REST)))


def _segments(length_s: int, grid: Grid) -> int:
    return max(1, round(length_s * grid.frame_rate / grid.segment_frames))


def _near(aim: int, aimed: int) -> range:
    """Name the borders around an aim that leave a chunk of two segments two of them at least."""
    reach = max(int(aimed * _BORDER_REACH), min(1, aimed - 2))
    return range(aim - reach, aim + reach + 1)


def _best_border(near: range, aim: int, grid: Grid, keyframes_s: tuple[float, ...]) -> int:
    return min(
        near, key=lambda border: (_thrown_away_s(border, grid, keyframes_s), abs(border - aim))
    )


def _thrown_away_s(border: int, grid: Grid, keyframes_s: tuple[float, ...]) -> float:
    at_s = source_time_s(grid, border * grid.segment_frames)
    before = bisect_right(keyframes_s, at_s)
    return round(at_s - keyframes_s[before - 1], 3) if before else 0.0


def zero_s(facts: MediaFacts, grid: Grid | None) -> Fraction:
    """Tell the source time of the output's zero, for the sound.

    The grid's, where there is a picture: it lies up to half a frame off the asset's, and sound
    laid elsewhere would be off its picture by as much.
    """
    return facts.start_s if grid is None else grid.source_start_s


def source_time_s(grid: Grid, frame: int) -> float:
    """Tell when a grid frame is shown, in source seconds."""
    return float(grid.source_start_s + frame / grid.frame_rate)
