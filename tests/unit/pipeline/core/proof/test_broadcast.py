"""Of a broadcast, what lies where it was sent passes, and nothing else does."""

from dataclasses import replace
from fractions import Fraction

from pipeline.core.proof import broadcast
from pipeline.core.proof.broadcast import Beat
from pipeline.core.proof.track import Track, within
from schemas.certificate import Point, Stretch, Verdict
from schemas.plan import Grid
from tests.support import tracks

GRID = Grid(frame_rate=Fraction(30), n_frames=150, segment_frames=60, source_start_s=Fraction(0))
#: As FLV has them.
SENT = Beat([round(n / 30, 3) for n in range(150)], GRID)


def passed_on() -> Track:
    """Take a rung whose pictures stand at whole milliseconds, three segments of it."""
    track = tracks.picture(GRID, timescale=1000)
    segments = tuple(
        part.segment.model_copy(update={"start_ms": 2000 * part.index}) for part in track.parts
    )
    rendition = track.rendition.model_copy(update={"segments": segments})
    parts = tuple(
        replace(part, segment=segment) for part, segment in zip(track.parts, segments, strict=True)
    )
    return replace(track, rendition=rendition, parts=parts)


def moved(index: int, by_ms: int) -> Track:
    track = passed_on()
    return tracks.with_part(track, index, tracks.moved(track.parts[index].samples, by_ms))


def is_right(point: Point) -> bool:
    return point.verdict is Verdict.PASSED


def test_what_is_right_passes() -> None:
    track = passed_on()

    assert is_right(broadcast.frames(track, SENT))
    assert is_right(broadcast.picture_times(track, SENT))
    assert is_right(broadcast.keyframes([track, track]))
    assert is_right(broadcast.inits(track))


def test_pictures_laid_on_the_grid_pass_where_the_source_has_another_beat() -> None:
    rare = Beat([n / 7 for n in range(35)], GRID)

    assert is_right(broadcast.frames(passed_on(), rare))
    assert is_right(broadcast.picture_times(passed_on(), rare))


def test_a_picture_left_out_fails() -> None:
    track = passed_on()
    torn = tracks.with_part(track, 1, track.parts[1].samples[:-1])

    point = broadcast.frames(torn, SENT)

    assert point.verdict is Verdict.FAILED
    assert point.flaws[0].detail == "59 frames where 60 were sent"


def test_pictures_beside_their_times_fail() -> None:
    assert is_right(broadcast.picture_times(moved(1, 1), SENT))
    assert not is_right(broadcast.picture_times(moved(1, 9), SENT))


def test_a_segment_that_does_not_begin_with_a_keyframe_fails() -> None:
    track = passed_on()
    first, *rest = track.parts[1].samples
    blind = tracks.with_part(track, 1, (replace(first, is_sync=False), *rest))

    assert not is_right(broadcast.keyframes([track, blind]))


def test_rungs_cut_at_different_times_fail() -> None:
    assert not is_right(broadcast.keyframes([passed_on(), moved(2, 33)]))


def test_another_init_segment_than_the_published_one_fails() -> None:
    track = passed_on()

    assert not is_right(broadcast.inits(replace(track, init_sha256="b" * 64)))


def test_segments_are_found_by_the_clock_over_gaps() -> None:
    track = passed_on()
    at_ms = (0, 2000, 60_000)
    segments = tuple(
        segment.model_copy(update={"start_ms": start_ms})
        for segment, start_ms in zip(track.rendition.segments, at_ms, strict=True)
    )
    rendition = track.rendition.model_copy(update={"segments": segments})

    first = within(rendition, Stretch(index=0, n_stretches=2, start_s=0, end_s=4))
    second = within(rendition, Stretch(index=1, n_stretches=2, start_s=60.01, end_s=61))

    assert [segment.index for segment, _ in first] == [0, 1]
    assert [(segment.index, start_s) for segment, start_s in second] == [(2, 60)]
