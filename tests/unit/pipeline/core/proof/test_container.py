"""On timelines of every rate, segment length and start, right ones pass and wrong ones do not."""

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.core import hls
from pipeline.core.proof import container, playlists
from schemas.certificate import Verdict
from schemas.plan import Grid
from schemas.timeline import Timeline
from schemas.vocabulary import AssetId, JobId
from tests.support import tracks

RATES = (
    *(Fraction(rate) for rate in ("24000/1001", "25", "30000/1001", "50", "60000/1001", "60")),
    *(Fraction(rate) for rate in ("1", "12", "15/2", "8.333", "120000/1001")),
)
PASSED, FAILED = Verdict.PASSED, Verdict.FAILED


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    rate = draw(st.sampled_from(RATES))
    n_keyframes = draw(st.integers(1, 3))
    segment_frames = max(1, round(draw(st.integers(1, 6)) * rate / n_keyframes)) * n_keyframes
    return Grid(
        frame_rate=rate,
        n_frames=draw(st.integers(1, 4 * segment_frames)),
        segment_frames=segment_frames,
        keyframes_per_segment=n_keyframes,
        source_start_s=Fraction(draw(st.integers(-2000, 100_000)), 1000),
    )


def timescale(grid: Grid) -> int:
    """Choose a clock as x264 in MP4 has it: a multiple of the rate's numerator."""
    scale = grid.frame_rate.numerator
    while scale < 10_000:
        scale *= 2
    return scale


GRIDS = grids()


@given(grid=GRIDS)
@settings(max_examples=60, deadline=None)
def test_what_is_right_passes(grid: Grid) -> None:
    track = tracks.picture(grid, timescale=timescale(grid))

    assert container.frames(track, grid).verdict is PASSED
    assert container.picture_times(track, grid).verdict is PASSED
    assert container.keyframes([track, track], grid).verdict is PASSED
    assert container.inits(track).verdict is PASSED


@given(grid=GRIDS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_frame_that_is_lost_anywhere_is_found(grid: Grid, data: st.DataObject) -> None:
    track = tracks.picture(grid, timescale=timescale(grid))
    index = data.draw(st.integers(0, len(track.parts) - 1))
    samples = track.parts[index].samples
    assume(len(samples) > 1)
    lost = data.draw(st.integers(0, len(samples) - 1))

    broken = tracks.with_part(track, index, samples[:lost] + samples[lost + 1 :])

    point = container.frames(broken, grid)
    assert point.verdict is FAILED
    assert [flaw.segment for flaw in point.flaws] == [index]


@given(grid=GRIDS, data=st.data(), frames=st.sampled_from([-2, -1, 1, 2]))
@settings(max_examples=60, deadline=None)
def test_a_gap_or_repeat_at_any_seam_is_found(grid: Grid, data: st.DataObject, frames: int) -> None:
    """Chunks are whole segments: wherever a chunk begins, so does a segment."""
    scale = timescale(grid)
    track = tracks.picture(grid, timescale=scale)
    seam = data.draw(st.integers(0, len(track.parts) - 1))
    ticks = round(frames / grid.frame_rate * scale)
    for index in range(seam, len(track.parts)):
        samples = tracks.moved(track.parts[index].samples, ticks)
        track = tracks.with_part(track, index, samples)

    point = container.picture_times(track, grid)

    assert point.verdict is FAILED
    assert point.flaws[0].segment == seam
    assert abs(point.figures[0].value - abs(ticks) / scale) < 2 / scale


@given(n_segments=st.integers(2, 6), data=st.data(), ticks=st.sampled_from([-1024, -2, 2, 2880]))
@settings(max_examples=40, deadline=None)
def test_a_gap_in_sound_is_found(n_segments: int, data: st.DataObject, ticks: int) -> None:
    track = tracks.sound(n_segments)
    assert container.sound_times(track).verdict is PASSED
    index = data.draw(st.integers(1, n_segments - 1))

    moved = tracks.moved(track.parts[index].samples, ticks)
    point = container.sound_times(tracks.with_part(track, index, moved))

    assert point.verdict is FAILED
    assert point.flaws[0].segment == index


@given(grid=GRIDS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_stated_lengths_that_are_off_are_found(grid: Grid, data: st.DataObject) -> None:
    track = tracks.picture(grid, timescale=timescale(grid))
    text = hls.media(_timeline(track, grid), track.name, is_whole=True)
    assert playlists.extinf(track, AssetId("a1"), text).verdict is PASSED

    index = data.draw(st.integers(0, len(track.parts) - 1))
    off_s = data.draw(st.sampled_from([Fraction(-1, 500), Fraction(1, 500), Fraction(1)]))
    lines = text.splitlines()
    at = [number for number, line in enumerate(lines) if line.startswith("#EXTINF:")][index]
    stated_s = Fraction(lines[at].removeprefix("#EXTINF:").rstrip(","))
    lines[at] = f"#EXTINF:{float(stated_s + off_s):.6f},"
    point = playlists.extinf(track, AssetId("a1"), "\n".join(lines))

    assert point.verdict is FAILED
    assert point.flaws[0].segment == index


def _timeline(track: tracks.Track, grid: Grid) -> Timeline:
    return Timeline(
        asset_id=AssetId("a1"),
        job_id=JobId("j1"),
        duration_s=grid.n_frames / grid.frame_rate,
        segment_s=4,
        is_ended=True,
        renditions=(track.rendition,),
    )
