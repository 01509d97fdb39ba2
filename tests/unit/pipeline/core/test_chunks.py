from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.chunks import cut, frame_rate, grid, source_time_s, tail_frames
from pipeline.core.errors import MediaUnsupported
from pipeline.profiles import built_in
from schemas.plan import ChunkPlan
from schemas.profile import Profile
from tests.support.sources import audio_facts, media_facts, video_facts

PROFILE = built_in().get("default")
RATES = st.sampled_from([Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60)])


def lengths(chunks: tuple[ChunkPlan, ...]) -> list[int]:
    return [chunk.end_frame - chunk.first_frame for chunk in chunks]


@pytest.mark.parametrize(
    ("source", "segment_frames"),
    [("24000/1001", 96), ("24", 96), ("25", 100), ("30000/1001", 120), ("30", 120), ("60", 240)],
)
def test_a_segment_is_the_frames_nearest_to_its_length(source: str, segment_frames: int) -> None:
    found = grid(media_facts(video_facts(frame_rate=Fraction(source))), PROFILE)

    assert found.frame_rate == Fraction(source)
    assert found.segment_frames == segment_frames


@pytest.mark.parametrize(
    ("source", "is_variable", "expected"),
    [
        ("120", False, "60"),
        ("240000/1001", False, "60000/1001"),
        ("90", False, "45"),
        ("90", True, "60"),
        ("90000", True, "60"),
        # Measured rates of the field are taken for what they mean.
        ("29.9701", False, "30000/1001"),
        ("30.0001", True, "30"),
        # Slide shows still get a frame in each segment.
        ("1/10", False, "8/5"),
    ],
)
def test_rates_are_brought_into_bounds(source: str, is_variable: bool, expected: str) -> None:  # noqa: FBT001
    video = video_facts(frame_rate=Fraction(source), is_variable_rate=is_variable)

    assert frame_rate(video, Fraction(60)) == Fraction(expected)


def test_the_grid_ends_at_the_frame_nearest_to_the_end_of_the_picture() -> None:
    video = video_facts(frame_rate=Fraction(25), duration_s=Fraction("9.97"))

    assert grid(media_facts(video), PROFILE).n_frames == 249


def test_a_picture_after_the_sound_starts_on_the_grid_point_nearest_to_it() -> None:
    # 0.133 s are 3.325 frames at 25: three frames before it, and its frames on grid points.
    video = video_facts(frame_rate=Fraction(25), start_s=Fraction("6.533"), duration_s=Fraction(10))
    facts = media_facts(video, audio_facts(start_s=Fraction("6.4")))

    found = grid(facts, PROFILE)

    assert found.source_start_s == Fraction("6.413")
    assert found.n_frames == 253


@pytest.mark.parametrize("changes", [{"frame_rate": Fraction(0)}, {"duration_s": Fraction(0)}])
def test_a_picture_without_rate_or_length_is_refused(changes: dict[str, Fraction]) -> None:
    with pytest.raises(MediaUnsupported):
        grid(media_facts(video_facts(**changes)), PROFILE)


def test_the_first_chunk_is_short_and_so_are_the_last_ones() -> None:
    video = video_facts(frame_rate=Fraction(25), duration_s=Fraction(600), keyframes_s=())
    facts = media_facts(video)
    found = grid(facts, PROFILE)

    seconds = [length / 25 for length in lengths(cut(found, facts, PROFILE))]

    # Without keyframes every border is as good as another: the aimed ones are taken.
    assert seconds == [8, 60, 60, 60, 60, 60, 60, 60, 56, 36, 24, 16, 12, 12, 16]


@pytest.mark.parametrize("n_slots", [2, 3, 4])
@pytest.mark.parametrize("duration_s", [60, 300, 600, 3600])
def test_slots_come_to_the_end_together(duration_s: int, n_slots: int) -> None:
    facts = media_facts(video_facts(frame_rate=Fraction(25), duration_s=Fraction(duration_s)))
    found = grid(facts, PROFILE)
    free_at_s = [0.0] * n_slots
    for length in lengths(cut(found, facts, PROFILE)):
        free_at_s.sort()
        free_at_s[0] += length / 25

    # Whoever is done first waits for less than one short chunk and the rest it may have eaten.
    assert max(free_at_s) - min(free_at_s) <= 24


def test_borders_are_drawn_to_keyframes() -> None:
    # A keyframe each 12 s: later borders can lie right on one, the first only nearer to one.
    keyframes_s = tuple(float(at) for at in range(0, 300, 12))
    video = video_facts(frame_rate=Fraction(25), duration_s=Fraction(300), keyframes_s=keyframes_s)
    facts = media_facts(video)
    found = grid(facts, PROFILE)

    borders_s = [chunk.first_frame / 25 for chunk in cut(found, facts, PROFILE)]

    assert borders_s[:2] == [0, 4]
    assert all(border_s in keyframes_s for border_s in borders_s[2:])


def test_a_source_that_cannot_be_sought_stays_whole() -> None:
    facts = media_facts(video_facts(), is_seekable=False)
    found = grid(facts, PROFILE)

    assert lengths(cut(found, facts, PROFILE)) == [found.n_frames]


def test_grid_frames_have_source_times() -> None:
    found = grid(media_facts(video_facts(start_s=Fraction("6.4"))), PROFILE)

    assert source_time_s(found, 30) == pytest.approx(6.4 + 1.001)


@given(
    rate=RATES,
    duration_ms=st.integers(min_value=10, max_value=4_000_000),
    first=st.integers(min_value=1, max_value=5),
    chunk_s=st.integers(min_value=4, max_value=120),
    segment_s=st.integers(min_value=1, max_value=10),
    keyframe_s=st.floats(min_value=0.1, max_value=30),
)
def test_chunks_tile_the_grid_in_whole_segments(
    rate: Fraction, duration_ms: int, first: int, chunk_s: int, segment_s: int, keyframe_s: float
) -> None:
    count = min(500, int(duration_ms / 1000 / keyframe_s))
    facts = media_facts(
        video_facts(
            frame_rate=rate,
            duration_s=Fraction(duration_ms, 1000),
            keyframes_s=tuple(number * keyframe_s for number in range(count)),
        )
    )
    profile = Profile(
        name="p",
        ladder=PROFILE.ladder,
        chunk_s=chunk_s,
        segment_s=segment_s,
        first_chunk_segments=first,
    )
    found = grid(facts, profile)

    chunks = cut(found, facts, profile)

    assert chunks[0].first_frame == 0
    assert chunks[-1].end_frame == found.n_frames
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert all(before.end_frame == after.first_frame for before, after in pairwise(chunks))
    assert all(chunk.first_frame % found.segment_frames == 0 for chunk in chunks)
    assert min(lengths(chunks)) > 0
    # What may be missing at the end never empties the last chunk.
    assert len(chunks) == 1 or lengths(chunks)[-1] > tail_frames(found)
    longest_s = max(lengths(chunks)) / rate
    assert longest_s <= 2 * max(chunk_s, segment_s) + 2 * segment_s


@pytest.mark.parametrize(
    ("rate", "segment_s", "interval_s", "expected"),
    [
        ("30000/1001", 4, None, (120, 1)),
        ("30000/1001", 4, "2", (120, 2)),
        # A keyframe on half a frame: the segment is a frame shorter.
        ("25", 1, "1/2", (24, 2)),
        ("24000/1001", 6, "2", (144, 3)),
        # A slide show has no more keyframes than frames.
        ("1", 4, "1/4", (4, 4)),
    ],
)
def test_a_segment_is_whole_keyframe_intervals_of_whole_frames(
    rate: str, segment_s: int, interval_s: str | None, expected: tuple[int, int]
) -> None:
    wish = {"segment_s": segment_s, "keyframe_interval_s": interval_s and Fraction(interval_s)}
    video = video_facts(frame_rate=Fraction(rate))

    found = grid(media_facts(video), PROFILE.model_copy(update=wish))

    assert (found.segment_frames, found.keyframes_per_segment) == expected
