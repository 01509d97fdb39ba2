"""Recordings of broadcasts that were served: judged, completed, made anew; real ffmpeg."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.core.live_errors import SpoolUnavailable
from pipeline.core.retry import is_house_fault
from pipeline.database.streams import SessionRow
from pipeline.services import assets, playback, sessions, streams
from pipeline.services.playback import GeneratedText, StoredFile
from pipeline.settings import Settings
from schemas.certificate import CertificateState
from schemas.vocabulary import AssetState, QueueName
from tests.support.aired import Part, air
from tests.support.broadcasting import channel, publish
from tests.support.hand_work import Hand
from tests.support.spooled import encoded, later, spool
from tests.support.walking import ANYBODY
from tests.support.whole_asset import flaws
from workers.steps.recording import waiting


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


def text(pipeline: Pipeline, session: SessionRow, name: str, folder: Path) -> str:
    """Read what an address of the asset holds."""
    found, _ = playback.file(pipeline.database, session.asset_id, name, ANYBODY)
    if isinstance(found, GeneratedText):
        return found.text
    assert isinstance(found, StoredFile)
    pipeline.storage.fetch(found.key, folder / name)
    return (folder / name).read_text()


def test_what_was_all_served_is_completed_where_it_is(
    pipeline: Pipeline, hand: Hand, session: SessionRow, tmp_path: Path
) -> None:
    sent = encoded(tmp_path / "sent.flv", length_s=7)
    spool(pipeline, session, sent)
    sessions.close_session(pipeline.database, session.id)
    job_id = air(pipeline, session, [Part(sent)], tmp_path)
    before = assets.show(pipeline.database, session.asset_id)
    assert before.state is AssetState.READY
    assert {one.progress for one in before.renditions} == {1.0}
    assert text(pipeline, session, "180p.m3u8", tmp_path).rstrip().endswith("#EXT-X-ENDLIST")
    served = playback.timeline(pipeline.database, session.asset_id)

    hand.work()

    after = assets.show(pipeline.database, session.asset_id)
    assert after.job_id == job_id
    assert after.error is None
    assert after.warnings == ()
    assert [each.detail for each in after.warnings] == []
    now = playback.timeline(pipeline.database, session.asset_id)
    assert [one.segments for one in now.renditions] == [one.segments for one in served.renditions]
    assert after.poster_url
    assert after.storyboard_url
    assert after.download_url
    assert "manifest.mpd" in now.files
    assert "#EXT-X-I-FRAME-STREAM-INF" in text(pipeline, session, "master.m3u8", tmp_path)
    assert flaws(pipeline, session.asset_id) == []
    assert after.certificate is CertificateState.PASSED


def test_a_gap_is_kept_and_what_lies_around_it_is_proven_piece_by_piece(
    pipeline: Pipeline, hand: Hand, session: SessionRow, tmp_path: Path
) -> None:
    first = encoded(tmp_path / "first.flv", length_s=5)
    again = later(encoded(tmp_path / "again.flv", length_s=5), 12_000)
    spool(pipeline, session, first)
    spool(pipeline, session, again, epoch=2)
    sessions.close_session(pipeline.database, session.id)
    job_id = air(pipeline, session, [Part(first), Part(again)], tmp_path)

    hand.work()

    after = assets.show(pipeline.database, session.asset_id)
    assert after.job_id == job_id
    assert after.warnings == ()
    assert flaws(pipeline, session.asset_id) == []
    assert after.certificate is CertificateState.PASSED
    assert "#EXT-X-DISCONTINUITY\n" in text(pipeline, session, "180p.m3u8", tmp_path)
    assert text(pipeline, session, "manifest.mpd", tmp_path).count("<Period ") == 2


def test_what_was_not_all_served_is_made_anew_beside_it(
    pipeline: Pipeline, hand: Hand, session: SessionRow, tmp_path: Path
) -> None:
    first = encoded(tmp_path / "first.flv", length_s=6)
    again = later(encoded(tmp_path / "again.flv", length_s=4), 6_000)
    spool(pipeline, session, first)
    spool(pipeline, session, again, epoch=2)
    sessions.close_session(pipeline.database, session.id)
    job_id = air(pipeline, session, [Part(first, n_lost=1), Part(again)], tmp_path)

    hand.work(QueueName.RECORD)

    between = assets.show(pipeline.database, session.asset_id)
    assert (between.state, between.job_id) == (AssetState.READY, job_id)
    assert between.download_url
    assert [each.code for each in between.warnings] == ["recording.remade"] * 3
    assert "2.0 s of 180p were not served, the first from 4." in between.warnings[0].detail
    old = text(pipeline, session, "180p.m3u8", tmp_path)

    hand.work()

    after = assets.show(pipeline.database, session.asset_id)
    assert after.state is AssetState.READY
    assert after.job_id not in {job_id, None}
    assert after.certificate is CertificateState.PASSED
    assert after.download_url == between.download_url
    assert float(
        playback.timeline(pipeline.database, session.asset_id).duration_s
    ) == pytest.approx(10, abs=0.2)
    # Whoever was watching goes on with what they have.
    for line in old.splitlines():
        if line.endswith(".m4s"):
            playback.file(pipeline.database, session.asset_id, line, ANYBODY)


def test_of_a_deleted_stream_all_that_came_is_recorded(
    pipeline: Pipeline, hand: Hand, session: SessionRow, tmp_path: Path
) -> None:
    sent = encoded(tmp_path / "sent.flv", length_s=5)
    spool(pipeline, session, sent)
    sessions.close_session(pipeline.database, session.id)
    air(pipeline, session, [Part(sent)], tmp_path)
    streams.delete(pipeline.database, session.stream_id, owner=None)

    hand.work()

    after = assets.show(pipeline.database, session.asset_id)
    assert after.warnings == ()
    assert after.certificate is CertificateState.PASSED


def test_what_never_came_is_said_to_be_missing(
    pipeline: Pipeline, hand: Hand, session: SessionRow, tmp_path: Path
) -> None:
    sent = encoded(tmp_path / "sent.flv", length_s=7)
    came = [tag for tag in sent if tag.timestamp_ms < 4_000]
    spool(pipeline, session, came)
    sessions.close_session(pipeline.database, session.id)
    air(pipeline, session, [Part(sent)], tmp_path)
    # Nobody knows of it any more: nothing is waited for.
    streams.delete(pipeline.database, session.stream_id, owner=None)

    hand.work(QueueName.RECORD)

    after = assets.show(pipeline.database, session.asset_id)
    assert [each.code for each in after.warnings] == ["recording.incomplete"]
    assert "from 0.0 s on is not in the spool" not in after.warnings[0].detail


def test_pieces_that_are_still_on_their_way_are_waited_for_without_a_slot(
    pipeline: Pipeline,
    hand: Hand,
    session: SessionRow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "_WAIT_S", 1.0)
    sent = encoded(tmp_path / "sent.flv", length_s=7)
    spool(pipeline, session, [tag for tag in sent if tag.timestamp_ms < 4_000])
    sessions.close_session(pipeline.database, session.id)
    air(pipeline, session, [Part(sent)], tmp_path)

    with pytest.raises(SpoolUnavailable) as caught:
        hand.work(QueueName.RECORD)

    assert is_house_fault(caught.value.instance_code)
    assert caught.value.retryable
