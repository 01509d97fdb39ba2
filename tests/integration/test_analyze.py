"""The auto ladder, on titles whose worth is known: a smooth one, a detailed one."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.core.argv.comparing import SCORE_NAME, vmaf_argv, vmaf_mean
from pipeline.services import assets, jobs, playback
from pipeline.settings import Settings
from schemas.plan import RungPlan
from schemas.profile import AudioWish, Profile, Rung
from schemas.timeline import RenditionTimeline, Timeline
from schemas.vocabulary import JobId, JobState, LadderMode, TaskKind, VideoCodec
from tests.support.breakage import packets, spoil
from tests.support.clips import Clips
from tests.support.hand_work import SMALL, Hand
from tests.support.whole_asset import flaws
from workers.ffmpeg.tools import find

FIXED = Profile(
    name="fixed",
    ladder=(
        Rung(name="360p", height_px=360, bitrate_bps=1_500_000),
        Rung(name="180p", height_px=180, bitrate_bps=600_000),
        Rung(name="90p", height_px=90, bitrate_bps=200_000),
    ),
    audio=AudioWish(bitrate_bps=64_000),
    segment_s=2,
)
AUTO = FIXED.model_copy(update={"name": "auto", "ladder_mode": LadderMode.AUTO})
SOURCE_SIZE = RungPlan(
    name="source", codec=VideoCodec.H264, width_px=640, height_px=360, bitrate_bps=1, crf=0
)
SOURCES = {
    # Slow shade without an edge: the highest rung can show no more than the next.
    "smooth": "color=0x406080:s=640x360:r=25,format=yuv420p,"
    "vignette=angle='PI/5+0.2*sin(t)':eval=frame",
    "detailed": "testsrc2=s=640x360:r=25",
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    pipeline = build(Settings(data_dir=tmp_path_factory.mktemp("data"), _env_file=None))
    yield pipeline
    pipeline.close()


@pytest.fixture(scope="module")
def hand(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Hand:
    return Hand(pipeline, tmp_path_factory.mktemp("hand"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


def test_a_title_whose_samples_do_not_decode_is_made_and_proven_all_the_same(
    pipeline: Pipeline, hand: Hand, clips: Clips, tmp_path: Path
) -> None:
    path = clips.constant("25", seconds=6, suffix="mp4").path
    late = [each for each in packets(path, "video") if float(each["pts_time"]) > 2.9]
    # Nothing from there on gives a picture: the last one before is held.
    broken = spoil(path, tmp_path / "broken.mp4", late, skip=0, most=2**30)

    asset_id, job_id = hand.submit(
        broken, SMALL.model_copy(update={"ladder_mode": LadderMode.AUTO})
    )
    hand.work()

    job = jobs.show(pipeline.database, job_id)
    assert job.state is JobState.SUCCEEDED, job.error
    assert TaskKind.ANALYZE in [task.kind for task in job.tasks]
    assert names(playback.timeline(pipeline.database, asset_id)) == ["180p", "96p"]
    assert flaws(pipeline, asset_id) == []


def source(clips: Clips, kind: str) -> Path:
    flags = ["-f", "lavfi", "-i", SOURCES[kind], "-t", "6"]
    return clips.make("mp4", [*flags, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "8"]).path


def test_a_smooth_title_loses_the_rung_nobody_could_tell_apart(
    pipeline: Pipeline, hand: Hand, clips: Clips, tmp_path: Path
) -> None:
    path = source(clips, "smooth")
    asset_id, job_id = hand.submit(path, AUTO)
    fixed_id, _ = hand.submit(path, FIXED)
    hand.work()
    auto = playback.timeline(pipeline.database, asset_id)
    fixed = playback.timeline(pipeline.database, fixed_id)

    view = jobs.show(pipeline.database, job_id)
    assert view.state is JobState.SUCCEEDED
    assert [task.kind for task in view.tasks].count(TaskKind.ANALYZE) == 1
    assert names(fixed) == ["360p", "180p", "90p"]
    assert names(auto) == ["180p", "90p"]
    best = video(auto, names(auto)[0])
    top = video(fixed, "360p")
    assert n_bytes(best) < n_bytes(top)
    scores = [score(pipeline, each, path, tmp_path) for each in (best, top)]
    assert scores[0] > scores[1] - 2
    for rendition in auto.renditions:
        # Scaled from the source, not from the rung that is left out: other pictures, a little.
        assert n_bytes(rendition) <= n_bytes(video(fixed, rendition.name)) * 1.01
    assert sum(map(n_bytes, auto.renditions)) < sum(map(n_bytes, fixed.renditions)) / 2


def test_a_detailed_title_keeps_every_rung_at_the_same_bytes(
    pipeline: Pipeline, hand: Hand, clips: Clips
) -> None:
    path = source(clips, "detailed")
    asset_id, _ = hand.submit(path, AUTO)
    fixed_id, _ = hand.submit(path, FIXED)
    hand.work()
    auto = playback.timeline(pipeline.database, asset_id)
    fixed = playback.timeline(pipeline.database, fixed_id)

    assert names(auto) == names(fixed)
    for rendition in auto.renditions:
        assert n_bytes(rendition) <= n_bytes(video(fixed, rendition.name)) * 1.001


def test_a_job_cancelled_before_its_rungs_are_chosen_makes_none(
    pipeline: Pipeline, hand: Hand, clips: Clips
) -> None:
    asset_id, job_id = hand.submit(source(clips, "smooth"), AUTO)
    hand.work(n_tasks=1)
    jobs.cancel(pipeline.database, job_id)

    assert hand.work() == 0
    assert state(pipeline, job_id) is JobState.CANCELLED
    assert assets.show(pipeline.database, asset_id).renditions == ()


def state(pipeline: Pipeline, job_id: JobId) -> JobState:
    return jobs.show(pipeline.database, job_id).state


def names(timeline: Timeline) -> list[str]:
    return [each.name for each in timeline.renditions if each.medium == "video"]


def video(timeline: Timeline, name: str) -> RenditionTimeline:
    return next(each for each in timeline.renditions if each.name == name)


def n_bytes(rendition: RenditionTimeline) -> int:
    return sum(segment.size_bytes for segment in rendition.segments)


def score(pipeline: Pipeline, rendition: RenditionTimeline, path: Path, folder: Path) -> float:
    """Score a whole rendition against the source itself."""
    made = folder / f"{rendition.name}.mp4"
    with made.open("wb") as file:
        for key in (rendition.segments[0].init_key, *(each.key for each in rendition.segments)):
            with pipeline.storage.open(key) as blocks:
                file.writelines(blocks)
    (folder / "source.mp4").write_bytes(path.read_bytes())
    argv = vmaf_argv(made.name, "source.mp4", size_of=SOURCE_SIZE, threads=2)
    ffmpeg, _ = find(Settings())
    subprocess.run([ffmpeg, "-v", "error", *argv], cwd=folder, check=True)
    return vmaf_mean((folder / SCORE_NAME).read_text())
