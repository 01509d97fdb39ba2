"""What becomes of a broadcast when work on its recording fails; on both databases."""

from fractions import Fraction

import pytest

from pipeline.core.retry import Failure
from pipeline.database.port import Database
from pipeline.database.streams import SessionRow
from pipeline.services import assets, claims, jobs, sessions, stream_keys, streams, tasks
from pipeline.services.claims import Claimed, Offer
from schemas.certificate import CertificateState
from schemas.http import JobRequest
from schemas.live import LiveResult
from schemas.media import MediaFacts, VideoFacts
from schemas.recording import RecordResult
from schemas.streams import SessionState, StreamKeyRequest, StreamRequest
from schemas.vocabulary import (
    AssetState,
    Encryption,
    JobState,
    QueueName,
    TaskKind,
    TaskState,
    WorkerId,
)
from tests.support import aired
from tests.support.broadcasting import AT, PROFILE, channel, publish
from tests.support.hand_work import SMALL

FAILED = Failure(code="media.damaged", detail="no", remedy="none")
FACTS = MediaFacts(
    container="mov",
    size_bytes=9,
    duration_s=Fraction(8),
    start_s=Fraction(0),
    video=VideoFacts(
        index=0,
        codec="h264",
        width_px=320,
        height_px=180,
        display_width_px=320,
        display_height_px=180,
        pixel_format="yuv420p",
        frame_rate=Fraction(30),
        start_s=Fraction(0),
        duration_s=Fraction(8),
    ),
    audios=(),
)


@pytest.fixture
def session(database: Database) -> SessionRow:
    """Begin a broadcast with its job."""
    return publish(database, channel(database).secret)


def claim(db: Database, queue: QueueName) -> Claimed:
    claimed = claims.claim(db, Offer(WorkerId("w"), queue, "test", 2**40), lease_s=60)
    assert claimed is not None
    return claimed


def fail(db: Database, queue: QueueName) -> None:
    claimed = claim(db, queue)
    tasks.fail(db, claimed.task_id, claimed.epoch, FAILED, jitter=0.0)


def serve(db: Database, session: SessionRow) -> None:
    """Let it be on, and be over."""
    assert session.job_id is not None
    with db.write() as tx:
        tx.jobs.plan(session.job_id, aired.plan())
    sessions.close_session(db, session.id)
    claimed = claim(db, QueueName.LIVE)
    tasks.finish(db, claimed.task_id, claimed.epoch, LiveResult(n_segments=4, n_parts=1))


def record(db: Database, **changes: object) -> None:
    claimed = claim(db, QueueName.RECORD)
    made = RecordResult(
        key=f"{claimed.prefix}source.mp4",
        size_bytes=9,
        sha256="a" * 64,
        facts=FACTS,
        runs=((0, 8000),),
    )
    result = made.model_copy(update=changes)
    tasks.finish(db, claimed.task_id, claimed.epoch, result)


def states(db: Database, session: SessionRow) -> dict[TaskKind, TaskState]:
    assert session.job_id is not None
    return {task.kind: task.state for task in jobs.show(db, session.job_id).tasks}


def test_a_recording_that_fails_leaves_what_was_served(
    database: Database, session: SessionRow
) -> None:
    serve(database, session)

    fail(database, QueueName.RECORD)

    asset = assets.show(database, session.asset_id)
    assert asset.state is AssetState.READY
    assert asset.certificate is CertificateState.FAILED
    shown = assets.certificate(database, session.asset_id).error
    assert shown is not None
    assert "media.damaged" in shown.detail


def test_it_is_tried_again_by_a_job_of_the_asset(database: Database, session: SessionRow) -> None:
    serve(database, session)
    fail(database, QueueName.RECORD)

    request = JobRequest(asset_id=session.asset_id)
    again = jobs.submit(database, request, SMALL, max_attempts=1, max_lost=1)
    record(database)

    kinds = {task.kind: task.state for task in jobs.show(database, again.id).tasks}
    assert kinds == {TaskKind.RECORD: TaskState.SUCCEEDED, TaskKind.PROBE: TaskState.READY}
    assert assets.show(database, session.asset_id).sha256 == "a" * 64


def test_what_is_encrypted_is_not_given_away_as_a_download(database: Database) -> None:
    secret = PROFILE.model_copy(update={"encryption": Encryption.AES_128})
    stream = streams.create(database, StreamRequest(title="Talk"), secret, account="local", at=AT)
    asked = StreamKeyRequest(stream_id=stream.id)
    key = stream_keys.create(database, asked, secret, account="local", owner="local")
    session = publish(database, key.key)
    serve(database, session)

    record(database)

    asset = assets.show(database, session.asset_id)
    assert asset.sha256 == "a" * 64
    assert asset.download_url is None


def test_stills_that_fail_hold_up_no_playlists(database: Database, session: SessionRow) -> None:
    serve(database, session)
    record(database)

    fail(database, QueueName.THUMBNAILS)

    assert states(database, session)[TaskKind.PACKAGE] is TaskState.READY
    assert assets.show(database, session.asset_id).certificate is CertificateState.PENDING


def test_playlists_that_fail_fail_the_certificate(database: Database, session: SessionRow) -> None:
    serve(database, session)
    record(database)
    fail(database, QueueName.THUMBNAILS)

    fail(database, QueueName.PACKAGE)

    assert assets.show(database, session.asset_id).certificate is CertificateState.FAILED
    assert states(database, session)[TaskKind.PROVE] is TaskState.CANCELLED


def test_a_broadcast_nobody_could_watch_is_recorded_when_it_is_over(
    database: Database, session: SessionRow
) -> None:
    fail(database, QueueName.LIVE)
    assert len(jobs.page(database, cursor=None, limit=9).items) == 1

    sessions.close_session(database, session.id)

    made, _ = jobs.page(database, cursor=None, limit=9).items
    assert made.state is JobState.WAITING
    assert claim(database, QueueName.RECORD).job_id == made.id


def test_one_that_failed_at_its_end_is_recorded_at_once(
    database: Database, session: SessionRow
) -> None:
    sessions.close_session(database, session.id)

    fail(database, QueueName.LIVE)

    made, _ = jobs.page(database, cursor=None, limit=9).items
    assert claim(database, QueueName.RECORD).job_id == made.id


def test_a_broadcast_ends_whose_asset_was_deleted(database: Database, session: SessionRow) -> None:
    assets.delete(database, session.asset_id)

    assert sessions.sweep_sessions(database) == 1

    assert sessions.session_of(database, session.id).state is SessionState.CLOSED
    assert sessions.sweep_sessions(database) == 0
