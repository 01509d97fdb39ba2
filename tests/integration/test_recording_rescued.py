"""Recordings made of the spool alone, as where nobody could watch while it was on; real ffmpeg."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.core.errors import Conflict
from pipeline.database.streams import SessionRow
from pipeline.services import assets, jobs, playback, sessions
from pipeline.services.playback import StoredFile
from pipeline.settings import Settings
from schemas.http import JobRequest
from schemas.streams import SessionState
from schemas.vocabulary import AssetState, JobId
from tests.support.broadcasting import channel, publish
from tests.support.hand_work import SMALL, Hand
from tests.support.live_house import film, live_house, publisher
from tests.support.spooled import encoded, later, spool
from tests.support.waiting import wait_until
from tests.support.walking import ANYBODY
from tests.support.whole_asset import flaws
from workers.ffmpeg.tools import find

FFMPEG, FFPROBE = find(Settings())


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    pipeline = build(Settings(data_dir=tmp_path_factory.mktemp("data"), _env_file=None))
    yield pipeline
    pipeline.close()


@pytest.fixture
def hand(pipeline: Pipeline, tmp_path: Path) -> Hand:
    return Hand(pipeline, tmp_path / "hand")


@pytest.fixture
def session(pipeline: Pipeline) -> SessionRow:
    return publish(pipeline.database, channel(pipeline.database).secret)


def submit(pipeline: Pipeline, session: SessionRow) -> JobId:
    """Ask for a job, where the broadcast's own came to nothing."""
    if session.job_id is not None:
        jobs.cancel(pipeline.database, session.job_id)
    request = JobRequest(asset_id=session.asset_id)
    return jobs.submit(pipeline.database, request, SMALL, max_attempts=1, max_lost=1).id


def packets(path: Path, stream: str) -> list[dict[str, Any]]:
    flags = ["-v", "error", "-of", "json", "-select_streams", stream, "-show_packets"]
    found = subprocess.run([FFPROBE, *flags, str(path)], capture_output=True, check=True)
    return list(json.loads(found.stdout)["packets"])


def downloaded(pipeline: Pipeline, session: SessionRow, path: Path) -> Path:
    """Fetch what the asset's download address holds."""
    found, _ = playback.file(pipeline.database, session.asset_id, "download.mp4", ANYBODY)
    assert isinstance(found, StoredFile)
    assert found.content_type == "video/mp4"
    pipeline.storage.fetch(found.key, path)
    return path


def test_a_recording_is_made_of_what_was_sent_with_its_gap(
    pipeline: Pipeline, hand: Hand, session: SessionRow, tmp_path: Path
) -> None:
    sent = encoded(tmp_path / "sent.flv")
    spool(pipeline, session, sent)
    spool(pipeline, session, later(sent, 14_000), epoch=2)
    sessions.close_session(pipeline.database, session.id)

    job_id = submit(pipeline, session)
    hand.work()

    job = jobs.show(pipeline.database, job_id)
    asset = assets.show(pipeline.database, session.asset_id)
    assert job.error is None
    assert asset.state is AssetState.READY
    assert asset.sha256
    assert flaws(pipeline, session.asset_id) == []
    source = downloaded(pipeline, session, tmp_path / "download.mp4")
    times = [float(each["pts_time"]) for each in packets(source, "v")]
    assert len(times) == 2 * 180
    assert max(b - a for a, b in zip(sorted(times)[:-1], sorted(times)[1:], strict=True)) > 7.9
    assert max(times) == pytest.approx(19.967 + min(times), abs=0.01)
    decoded = subprocess.run(
        [FFMPEG, "-v", "error", "-i", str(source), "-f", "null", "-"],
        capture_output=True,
        check=True,
    )
    assert decoded.stderr == b""


def test_pictures_of_another_size_midway_are_brought_to_the_largest(
    pipeline: Pipeline, hand: Hand, session: SessionRow, tmp_path: Path
) -> None:
    small = encoded(tmp_path / "small.flv", length_s=3)
    large = encoded(tmp_path / "large.flv", length_s=3, picture="testsrc2=s=480x270:r=25")
    spool(pipeline, session, small)
    spool(pipeline, session, later(large, 3_000), epoch=2)
    sessions.close_session(pipeline.database, session.id)

    submit(pipeline, session)
    hand.work()

    asset = assets.show(pipeline.database, session.asset_id)
    assert asset.state is AssetState.READY
    assert asset.facts is not None
    assert asset.facts.video is not None
    assert (asset.facts.video.width_px, asset.facts.video.height_px) == (480, 270)
    assert float(asset.facts.duration_s) == pytest.approx(6, abs=0.1)


@pytest.mark.parametrize("lacks", ["picture", "sound"])
def test_sound_alone_and_pictures_alone_are_recorded(
    lacks: str, pipeline: Pipeline, hand: Hand, session: SessionRow, tmp_path: Path
) -> None:
    sent = encoded(tmp_path / "sent.flv", length_s=3, **{lacks: None})  # type: ignore[arg-type]
    spool(pipeline, session, sent)
    sessions.close_session(pipeline.database, session.id)

    submit(pipeline, session)
    hand.work()

    asset = assets.show(pipeline.database, session.asset_id)
    assert asset.state is AssetState.READY
    assert flaws(pipeline, session.asset_id) == []


def test_a_broadcast_that_is_on_is_not_worked_on(pipeline: Pipeline, session: SessionRow) -> None:
    with pytest.raises(Conflict) as caught:
        submit(pipeline, session)

    assert caught.value.instance_code == "asset.not_fetched"


def test_what_a_publisher_brought_to_the_door_is_recorded_frame_by_frame(tmp_path: Path) -> None:
    source = film(tmp_path / "film.flv", seconds=6)
    with live_house(tmp_path / "house") as house:
        stream = channel(house.pipeline.database, grace_s=30)
        for _ in range(2):
            with publisher(source, house.rtmp(stream.secret)) as sending:
                assert sending.wait(20) == 0
            wait_until(lambda: house.newest(stream.id).state is SessionState.GRACE)
        session = house.newest(stream.id)
        sessions.close_session(house.pipeline.database, session.id)

        job_id = submit(house.pipeline, session)
        Hand(house.pipeline, tmp_path / "hand").work()

        asset = assets.show(house.pipeline.database, session.asset_id)
        assert jobs.show(house.pipeline.database, job_id).error is None
        assert asset.state is AssetState.READY
        assert asset.warnings == ()
        assert flaws(house.pipeline, session.asset_id) == []
        recorded = downloaded(house.pipeline, session, tmp_path / "download.mp4")
    sent = [each["size"] for each in packets(source, "v")]
    assert [each["size"] for each in packets(recorded, "v")] == 2 * sent
