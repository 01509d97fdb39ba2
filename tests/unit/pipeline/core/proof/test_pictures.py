"""Pictures are known again over rates, chunk plans, segment lengths and starts, without media."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core import chunks
from pipeline.core.proof import shots
from pipeline.core.proof.film import Film
from pipeline.core.proof.pictures import Viewed, expected_rows, pictures
from schemas.certificate import Point, Stretch, Verdict
from schemas.media import MediaFacts, VideoFacts
from schemas.plan import ChunkPlan, Grid
from tests.support import tracks

RATES = [Fraction(rate) for rate in ("24000/1001", "25", "30000/1001", "50", "60000/1001")]
_BLOCKS = 120


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Grid, np.random.Generator]:
    rate = draw(st.sampled_from(RATES))
    grid = Grid(
        frame_rate=rate,
        n_frames=draw(st.integers(20, 160)),
        segment_frames=round(draw(st.integers(1, 3)) * rate),
        source_start_s=Fraction(draw(st.integers(-500, 90_000)), 1000),
    )
    return grid, np.random.default_rng(draw(st.integers(0, 2**31)))


def moving(n_frames: int, rng: np.random.Generator, step: float) -> np.ndarray:
    """Walk through brightness: each picture a step from the one before."""
    walk = rng.normal(0, step, (n_frames, _BLOCKS)).cumsum(axis=0)
    return np.clip(128 + walk, 0, 255).astype(np.uint8)


def film(luma: np.ndarray, times_s: np.ndarray) -> Film:
    return Film(luma, times_s, np.zeros(len(luma), np.intp))


def noisy(luma: np.ndarray, rng: np.random.Generator, noise: float) -> np.ndarray:
    """Encode, as far as it matters here."""
    return np.clip(luma + rng.normal(0, noise, luma.shape), 0, 255).astype(np.uint8)


def judge(grid: Grid, made: Film, source: Film) -> Point:
    return pictures(Viewed(tracks.picture(grid), made, source, grid, is_clean=True))


def on_grid(grid: Grid) -> np.ndarray:
    return np.arange(grid.n_frames) / float(grid.frame_rate)


@given(scene=scenes(), jitter=st.floats(0, 0.4), noise=st.floats(0, 4))
@settings(max_examples=50, deadline=None)
def test_the_right_pictures_pass_whatever_the_clock_and_the_noise(
    scene: tuple[Grid, np.random.Generator], jitter: float, noise: float
) -> None:
    grid, rng = scene
    late = rng.uniform(-jitter, jitter, grid.n_frames) / float(grid.frame_rate)
    source = film(moving(grid.n_frames, rng, 5), on_grid(grid) + late)
    rows = expected_rows(source, np.arange(grid.n_frames), grid)

    point = judge(grid, film(noisy(source.luma[rows], rng, noise), on_grid(grid)), source)

    assert point.verdict is Verdict.PASSED, point.flaws
    assert point.figures[0].value == grid.n_frames


@given(scene=scenes(), missing=st.floats(0.1, 0.6))
@settings(max_examples=50, deadline=None)
def test_sources_with_holes_pass(scene: tuple[Grid, np.random.Generator], missing: float) -> None:
    grid, rng = scene
    kept = np.flatnonzero(rng.uniform(0, 1, grid.n_frames) > missing)
    kept = np.unique(np.concatenate(([0], kept)))
    source = film(moving(len(kept), rng, 5), on_grid(grid)[kept])
    rows = expected_rows(source, np.arange(grid.n_frames), grid)

    point = judge(grid, film(noisy(source.luma[rows], rng, 2), on_grid(grid)), source)

    assert point.verdict is Verdict.PASSED, point.flaws


@given(scene=scenes(), frames=st.sampled_from([-2, -1, 1, 2, 9, -11]), noise=st.floats(0, 4))
@settings(max_examples=50, deadline=None)
def test_pictures_that_are_off_are_found(
    scene: tuple[Grid, np.random.Generator], frames: int, noise: float
) -> None:
    grid, rng = scene
    source = film(moving(grid.n_frames, rng, 5), on_grid(grid))
    rows = np.clip(np.arange(grid.n_frames) + frames, 0, grid.n_frames - 1)

    point = judge(grid, film(noisy(source.luma[rows], rng, noise), on_grid(grid)), source)

    assert point.verdict is Verdict.FAILED


@given(scene=scenes(), data=st.data())
@settings(max_examples=50, deadline=None)
def test_one_picture_in_place_of_its_neighbour_is_found(
    scene: tuple[Grid, np.random.Generator], data: st.DataObject
) -> None:
    grid, rng = scene
    source = film(moving(grid.n_frames, rng, 6), on_grid(grid))
    made = noisy(source.luma, rng, 2)
    at = data.draw(st.integers(1, grid.n_frames - 1))
    made[at] = made[at - 1]

    point = judge(grid, film(made, on_grid(grid)), source)

    assert point.verdict is Verdict.FAILED
    assert [flaw.segment for flaw in point.flaws] == [at // grid.segment_frames]


@given(scene=scenes())
@settings(max_examples=20, deadline=None)
def test_what_stands_still_is_not_decided(scene: tuple[Grid, np.random.Generator]) -> None:
    grid, rng = scene
    source = film(np.full((grid.n_frames, _BLOCKS), 90, np.uint8), on_grid(grid))

    point = judge(grid, film(noisy(source.luma, rng, 1), on_grid(grid)), source)

    assert point.verdict is Verdict.UNDECIDED
    assert "one taken for another would not show" in point.note


@given(
    rate=st.sampled_from(RATES),
    segment_s=st.integers(1, 8),
    length_s=st.integers(1, 600),
    gop_s=st.floats(0.2, 12),
    start_s=st.integers(-5, 100),
    borders=st.sets(st.integers(1, 100), max_size=5),
)
@settings(max_examples=80, deadline=None)
def test_shots_show_ends_seams_and_every_segment(
    rate: Fraction,
    segment_s: int,
    length_s: int,
    gop_s: float,
    start_s: int,
    borders: set[int],
) -> None:
    step = round(segment_s * rate)
    grid = Grid(
        frame_rate=rate,
        n_frames=round(length_s * rate),
        segment_frames=step,
        source_start_s=Fraction(start_s),
    )
    seams = sorted(border * step for border in borders if border * step < grid.n_frames)
    plans = [
        ChunkPlan(index=index, first_frame=first, end_frame=end)
        for index, (first, end) in enumerate(zip([0, *seams], [*seams, grid.n_frames], strict=True))
    ]
    stretch = Stretch(index=0, n_stretches=1, start_s=0, end_s=float(grid.n_frames / rate))

    found = shots.choose(_facts(grid, gop_s), grid, plans, stretch)

    seen = {n for shot in found for n in range(shot.first_frame, shot.end_frame)}
    assert {0, grid.n_frames - 1} <= seen
    assert all({seam - 1, seam} <= seen for seam in seams)
    assert {n // step for n in seen} == set(range(-(-grid.n_frames // step)))
    assert all(a.end_frame <= b.first_frame for a, b in pairwise(found))
    reels = shots.reels(found, _facts(grid, gop_s), grid)
    assert [shot for reel in reels for shot in reel.shots] == list(found)
    for reel in reels:
        earliest_s = chunks.source_time_s(grid, reel.shots[0].first_frame)
        assert reel.seek_s is None or reel.seek_s <= earliest_s


def _facts(grid: Grid, gop_s: float) -> MediaFacts:
    length_s = float(grid.n_frames / grid.frame_rate)
    start_s = float(grid.source_start_s)
    video = VideoFacts(
        index=0,
        codec="h264",
        width_px=640,
        height_px=360,
        display_width_px=640,
        display_height_px=360,
        pixel_format="yuv420p",
        frame_rate=grid.frame_rate,
        start_s=grid.source_start_s,
        duration_s=grid.n_frames / grid.frame_rate,
        keyframes_s=tuple(start_s + n * gop_s for n in range(int(length_s / gop_s) + 1)),
    )
    return MediaFacts(
        container="mov",
        size_bytes=1,
        duration_s=video.duration_s,
        start_s=video.start_s,
        video=video,
    )
