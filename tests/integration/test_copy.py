"""Sources copied into the top rung: bit for bit the source, aligned with the encoded rungs."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.core.errors import MediaDamaged
from pipeline.services import jobs, playback
from pipeline.settings import Settings
from schemas.profile import Profile, Rung
from schemas.timeline import RenditionTimeline, Timeline
from schemas.vocabulary import JobState, OnDamage, TaskKind
from tests.support.breakage import packets, spoil
from tests.support.clips import Clips
from tests.support.hand_work import Hand
from tests.support.whole_asset import flaws
from workers.ffmpeg.tools import find

COPYING = Profile(
    name="copying",
    ladder=(
        Rung(name="180p", height_px=180, bitrate_bps=1_500_000),
        Rung(name="90p", height_px=90, bitrate_bps=200_000),
    ),
    preset="ultrafast",
    segment_s=2,
    chunk_s=4,
    first_chunk_segments=1,
    copy_source=True,
)
ULTRAFAST = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
REGULAR = (*ULTRAFAST, "-bf", "2", "-sc_threshold", "0")
#: Encoder flags of sources that are fit, by container and rate.
FIT = {
    "a keyframe every second, MP4, 30000/1001": ("mp4", "30000/1001", ("-g", "30")),
    "a keyframe every two seconds, MOV, 24000/1001": ("mov", "24000/1001", ("-g", "48")),
    "a keyframe every two seconds, MP4 from 6.4 s on, 25": (
        *("mp4", "25"),
        ("-g", "50", "-output_ts_offset", "6.4"),
    ),
}
UNFIT = {
    "keyframes elsewhere": ("25", ("-g", "57")),
    "a rung it is too heavy for": ("25", ("-g", "50", "-qp", "1")),
    "full range": ("25", ("-g", "50", "-color_range", "pc")),
    "other pixels": ("25", ("-g", "50", "-pix_fmt", "yuv422p")),
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


@pytest.mark.parametrize("kind", FIT)
def test_a_fit_source_becomes_segments_bit_for_bit(
    kind: str, pipeline: Pipeline, hand: Hand, clips: Clips, tmp_path: Path
) -> None:
    suffix, rate, flags = FIT[kind]
    clip = clips.constant(rate, seconds=7, suffix=suffix, video=(*REGULAR, *flags))
    timeline, kinds = worked(hand, pipeline, clip.path)
    copied, encoded = (joined(pipeline, each, tmp_path) for each in timeline.renditions)

    assert kinds.count(TaskKind.COPY) == 1
    assert digests(copied) == digests(clip.path)
    lengths = [[segment.duration_s for segment in each.segments] for each in timeline.renditions]
    assert lengths[0] == lengths[1]
    # Shown when the encoded rung's frames are.
    assert times(copied) == pytest.approx(times(encoded), abs=1e-4)
    assert times(copied)[0] == pytest.approx(10, abs=1e-4)


@pytest.mark.parametrize("kind", UNFIT)
def test_an_unfit_source_is_encoded(
    kind: str, pipeline: Pipeline, hand: Hand, clips: Clips
) -> None:
    rate, flags = UNFIT[kind]
    clip = clips.constant(rate, seconds=3, video=(*REGULAR, *flags))
    _, kinds = worked(hand, pipeline, clip.path)

    assert TaskKind.COPY not in kinds


def test_groups_that_only_the_segments_show_to_be_open_are_encoded_after_all(
    pipeline: Pipeline, hand: Hand, clips: Clips, tmp_path: Path
) -> None:
    opened = ("-x264-params", "open-gop=1:bframes=3:b-adapt=0:keyint=50:min-keyint=50:scenecut=0")
    x264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
    clip = clips.constant("25", seconds=7, video=(*x264, *opened))
    timeline, kinds = worked(hand, pipeline, clip.path)
    made = joined(pipeline, timeline.renditions[0], tmp_path)

    assert kinds.count(TaskKind.COPY) == 1
    assert digests(made) != digests(clip.path)
    assert len(times(made)) == 7 * 25


@pytest.mark.parametrize(
    ("on_damage", "state"),
    [(OnDamage.PUBLISH, JobState.SUCCEEDED), (OnDamage.REFUSE, JobState.FAILED)],
)
def test_damage_is_encoded_and_counted_or_refused_but_never_copied(
    on_damage: OnDamage,
    state: JobState,
    pipeline: Pipeline,
    hand: Hand,
    clips: Clips,
    tmp_path: Path,
) -> None:
    clip = clips.constant("25", seconds=6, video=(*REGULAR, "-g", "50"))
    late = [each for each in packets(clip.path, "video") if 5.0 < float(each["pts_time"]) < 5.3]
    broken = spoil(clip.path, tmp_path / "broken.mp4", late)
    # No other rung whose encode would notice.
    alone = COPYING.model_copy(update={"ladder": COPYING.ladder[:1], "on_damage": on_damage})
    asset_id, job_id = hand.submit(broken, alone)

    if state is JobState.FAILED:
        with pytest.raises(MediaDamaged):
            hand.work()
        return
    hand.work()

    with pipeline.database.read() as tx:
        damage = tx.media.damages(job_id)
    assert TaskKind.COPY in [task.kind for task in jobs.show(pipeline.database, job_id).tasks]
    assert [each.medium for each in damage] == ["video"]
    assert flaws(pipeline, asset_id) == []


def test_what_old_phones_cannot_decode_is_encoded_where_they_are_meant(
    pipeline: Pipeline, hand: Hand, clips: Clips
) -> None:
    high = ("-g", "50", "-x264-params", "8x8dct=1")
    path = clips.constant("25", seconds=3, video=(*REGULAR, *high)).path
    for_all = COPYING.model_copy(update={"h264_profile": "main"})

    assert TaskKind.COPY in worked(hand, pipeline, path)[1]
    assert TaskKind.COPY not in worked(hand, pipeline, path, for_all)[1]


def worked(
    hand: Hand, pipeline: Pipeline, path: Path, profile: Profile = COPYING
) -> tuple[Timeline, list[TaskKind]]:
    asset_id, job_id = hand.submit(path, profile)
    hand.work()
    job = jobs.show(pipeline.database, job_id)
    assert job.state is JobState.SUCCEEDED, job.error
    return playback.timeline(pipeline.database, asset_id), [task.kind for task in job.tasks]


def joined(pipeline: Pipeline, rendition: RenditionTimeline, folder: Path) -> Path:
    path = folder / f"{rendition.name}.mp4"
    with path.open("wb") as file:
        for key in (rendition.segments[0].init_key, *(each.key for each in rendition.segments)):
            with pipeline.storage.open(key) as blocks:
                file.writelines(blocks)
    return path


def digests(path: Path) -> list[bytes]:
    """Size and digest of each coded picture, in decoding order."""
    ffmpeg, _ = find(Settings())
    copied = ["-i", str(path), "-map", "0:v", "-c", "copy", "-f", "framemd5", "-"]
    command = [ffmpeg, "-v", "error", *copied]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    lines = [line for line in made.splitlines() if not line.startswith(b"#")]
    return [b",".join(line.split(b",")[4:]) for line in lines]


def times(path: Path) -> list[float]:
    _, ffprobe = find(Settings())
    shown = ("-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "json")
    command = [ffprobe, "-v", "error", *shown, str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return sorted(float(packet["pts_time"]) for packet in found["packets"])
