"""The life of tasks on both databases: who may claim what, and who may still say something."""

import threading
from collections import Counter

import pytest

from pipeline.core.errors import Conflict, LeaseLost
from pipeline.core.retry import Failure
from pipeline.database.port import Database
from pipeline.services import claims, fleet, jobs, playback, tasks, watching
from schemas.events import EventType
from schemas.tasks import EncodeAudioParams, EncodeParams
from schemas.vocabulary import AssetState, JobState, QueueName, TaskId, TaskState, WorkerId
from schemas.workers import Capabilities, EncoderAbility, Pulse
from tests.support import engine
from tests.support.engine import must_claim

BAD_INPUT = Failure(code="media.damaged", detail="cut off", remedy="export again")
STUMBLE = Failure(code="work.failed", detail="it broke", retryable=True)
AWAY = Failure(code="unavailable.storage", detail="no answer", retryable=True)


def _events(db: Database) -> list[EventType]:
    return [event.type for event in watching.events_after(db, 0, limit=10_000)]


def test_a_job_runs_from_probe_to_ready(database: Database) -> None:
    job = engine.submit(database)

    engine.run_to_end(database)

    done = jobs.show(database, job.id)
    assert done.state is JobState.SUCCEEDED
    assert done.progress == 1.0
    assert set(done.rungs.values()) == {1.0}
    assert {task.state for task in done.tasks} == {TaskState.SUCCEEDED}
    with database.read() as tx:
        asset = tx.assets.get(job.asset_id)
    assert asset is not None
    assert asset.state is AssetState.READY
    seen = _events(database)
    assert seen.count(EventType.JOB_SUCCEEDED) == seen.count(EventType.ASSET_READY) == 1
    assert seen.index(EventType.ASSET_PLAYABLE) < seen.index(EventType.ASSET_READY)


def test_a_task_is_claimed_once(database: Database) -> None:
    engine.submit_idle(database, 120)
    claimed: list[TaskId] = []

    def work() -> None:
        while (got := engine.claim(database, QueueName.ENCODE_CPU)) is not None:
            claimed.append(got.task_id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(Counter(claimed).values()) == 1
    # A claim may find every candidate locked by others at that moment; none is lost by it.
    work()
    assert len(claimed) == 120


def test_more_urgent_jobs_go_first_and_equals_in_order(database: Database) -> None:
    normal = [engine.submit(database) for _ in range(2)]
    urgent = engine.submit(database, priority=9)

    order = [must_claim(database, QueueName.PROBE).job_id for _ in range(3)]

    assert order == [urgent.id, normal[0].id, normal[1].id]


def test_express_tasks_get_half_of_what_runs(database: Database) -> None:
    plain = engine.submit_idle(database, 4)
    engine.submit_idle(database, 4, is_express=True)
    with database.write() as tx:  # express tasks rank before anything that came with them
        for task in tx.tasks.of_job(plain):
            assert not task.is_cancel_requested

    kinds = []
    for _ in range(6):
        got = must_claim(database, QueueName.ENCODE_CPU)
        kinds.append("plain" if got.job_id == plain else "express")

    assert kinds.count("express") <= 4
    assert "plain" in kinds[:3]


def test_a_source_on_the_box_is_preferred(database: Database) -> None:
    engine.submit(database, asset_id=engine.add_asset(database, sha256="a" * 64))
    near = engine.submit(database, asset_id=engine.add_asset(database, sha256="b" * 64))

    got = engine.claim(database, QueueName.PROBE, cached=("b" * 64,))

    assert got is not None
    assert got.job_id == near.id


def test_a_paused_queue_hands_out_nothing_until_resumed(database: Database) -> None:
    engine.submit(database)

    fleet.pause(database, QueueName.PROBE, is_paused=True)
    assert engine.claim(database, QueueName.PROBE) is None

    fleet.pause(database, QueueName.PROBE, is_paused=False)
    must_claim(database, QueueName.PROBE)


def _planned(database: Database) -> jobs.JobView:
    job = engine.submit(database)
    engine.finish(database, must_claim(database, QueueName.PROBE))
    return job


def test_chunks_stay_with_the_build_that_began(database: Database) -> None:
    _planned(database)
    got = [engine.claim(database, QueueName.ENCODE_CPU, build="one") for _ in range(2)]
    assert any(each and isinstance(each.params, EncodeParams) for each in got)

    while (other := engine.claim(database, QueueName.ENCODE_CPU, build="two")) is not None:
        assert not isinstance(other.params, EncodeParams)
    assert engine.claim(database, QueueName.ENCODE_CPU, build="one") is not None


def test_a_box_without_room_gets_no_task_that_needs_it(database: Database) -> None:
    _planned(database)

    assert engine.claim(database, QueueName.ENCODE_CPU, free_bytes=10) is None


def test_a_late_worker_whose_epoch_stands_goes_on(database: Database) -> None:
    engine.submit(database)
    claimed = engine.claim(database, QueueName.PROBE, lease_s=-1.0)
    assert claimed is not None

    beat = Pulse(task_id=claimed.task_id, epoch=claimed.epoch, progress={"": 0.5})
    orders = tasks.heartbeat(database, WorkerId("w1"), [beat], lease_s=12)

    assert not orders.lost
    engine.finish(database, claimed)


def test_a_zombie_is_told_and_publishes_nothing(database: Database) -> None:
    _planned(database)
    zombie = must_claim(database, QueueName.ENCODE_CPU)
    tasks.release_all(database)

    beat = Pulse(task_id=zombie.task_id, epoch=zombie.epoch, progress={})
    assert tasks.heartbeat(database, WorkerId("w1"), [beat], lease_s=12).lost == (zombie.task_id,)
    with pytest.raises(LeaseLost):
        engine.finish(database, zombie)
    # Its other reports change nothing either, and it need not know why.
    before = jobs.show(database, zombie.job_id).tasks
    tasks.fail(database, zombie.task_id, zombie.epoch, BAD_INPUT, jitter=0.0)
    tasks.hand_back(database, zombie.task_id, zombie.epoch)
    assert jobs.show(database, zombie.job_id).tasks == before
    with database.read() as tx:
        assert tx.media.counts(zombie.job_id) == {}


def test_what_was_said_may_be_said_again(database: Database) -> None:
    """A commit that was reported failed is repeated by the caller and finds itself done."""
    job = _planned(database)
    claimed = must_claim(database, QueueName.ENCODE_CPU)

    engine.finish(database, claimed)
    engine.finish(database, claimed)

    left = [t for t in jobs.show(database, job.id).tasks if t.state is not TaskState.SUCCEEDED]
    engine.run_to_end(database)
    assert len(left) >= 2
    assert jobs.show(database, job.id).state is JobState.SUCCEEDED


def test_bad_input_fails_the_job_at_once(database: Database) -> None:
    job = engine.submit(database)
    claimed = must_claim(database, QueueName.PROBE)

    tasks.fail(database, claimed.task_id, claimed.epoch, BAD_INPUT, jitter=0.5)

    failed = jobs.show(database, job.id)
    assert failed.state is JobState.FAILED
    assert failed.error is not None
    assert failed.error.code == "media.damaged"
    assert failed.tasks[0].attempt == 1


def _until_ready(database: Database, queue: QueueName) -> claims.Claimed:
    """Bring every delayed task forward and claim."""
    with database.read() as tx:
        delayed = [
            (task.id, task.epoch)
            for _, job in tx.jobs.page(None, 10)
            for task in tx.tasks.of_job(job.id)
            if task.state is TaskState.READY
        ]
    assert delayed
    make_due(database, [task_id for task_id, _ in delayed])
    return must_claim(database, queue)


def make_due(database: Database, task_ids: list[TaskId]) -> None:
    from sqlalchemy import update

    from pipeline.database.sql import tables

    with database.write() as tx:
        tx._connection.execute(  # type: ignore[attr-defined]
            update(tables.task).where(tables.task.c.id.in_(task_ids)).values(run_after=0.0)
        )


def test_a_stumble_is_tried_three_times(database: Database) -> None:
    job = engine.submit(database, max_attempts=3)
    claimed = must_claim(database, QueueName.PROBE)
    for attempt in (1, 2):
        assert claimed.attempt == attempt
        tasks.fail(database, claimed.task_id, claimed.epoch, STUMBLE, jitter=0.5)
        assert engine.claim(database, QueueName.PROBE) is None, "no back-off"
        claimed = _until_ready(database, QueueName.PROBE)

    tasks.fail(database, claimed.task_id, claimed.epoch, STUMBLE, jitter=0.5)

    assert jobs.show(database, job.id).state is JobState.FAILED


def test_faults_of_the_house_burn_no_attempts(database: Database) -> None:
    job = engine.submit(database, max_attempts=1)
    claimed = must_claim(database, QueueName.PROBE)
    for _ in range(4):
        tasks.fail(database, claimed.task_id, claimed.epoch, AWAY, jitter=0.0)
        claimed = _until_ready(database, QueueName.PROBE)

    assert claimed.attempt == 1
    assert jobs.show(database, job.id).state is JobState.RUNNING


def test_losing_its_worker_again_and_again_fails_a_task(database: Database) -> None:
    job = engine.submit(database, max_lost=3, max_attempts=1)
    must_claim(database, QueueName.PROBE)
    for _ in range(2):
        tasks.release_all(database)
        _until_ready(database, QueueName.PROBE)

    tasks.release_all(database)

    failed = jobs.show(database, job.id)
    assert failed.state is JobState.FAILED
    assert failed.error is not None
    assert failed.error.code == "work.worker_lost"
    assert failed.tasks[0].lost_count == 3


def test_handing_back_costs_nothing(database: Database) -> None:
    engine.submit(database)
    first = must_claim(database, QueueName.PROBE)

    tasks.hand_back(database, first.task_id, first.epoch)

    second = must_claim(database, QueueName.PROBE)
    assert (second.task_id, second.attempt) == (first.task_id, 1)
    assert second.epoch == first.epoch + 1


def test_a_beat_before_the_first_report_keeps_the_planned_parts(database: Database) -> None:
    job = _planned(database)
    claimed = must_claim(database, QueueName.ENCODE_CPU)

    beat = Pulse(task_id=claimed.task_id, epoch=claimed.epoch, progress={})
    tasks.heartbeat(database, WorkerId("w1"), [beat], lease_s=12)

    assert set(jobs.show(database, job.id).rungs) == {"360p", "audio"}


def test_cancel_stops_what_waits_and_orders_what_runs(database: Database) -> None:
    job = _planned(database)
    running = must_claim(database, QueueName.ENCODE_CPU)

    cancelled = jobs.cancel(database, job.id)

    assert cancelled.state is JobState.CANCELLED
    states = Counter(task.state for task in cancelled.tasks)
    assert states[TaskState.RUNNING] == 1
    assert states[TaskState.READY] == states[TaskState.BLOCKED] == 0
    beat = Pulse(task_id=running.task_id, epoch=running.epoch, progress={})
    orders = tasks.heartbeat(database, WorkerId("w1"), [beat], lease_s=12)
    assert orders.cancelled == (running.task_id,)
    with pytest.raises(Conflict):
        jobs.retry(database, job.id)
    tasks.stopped(database, running.task_id, running.epoch)
    with pytest.raises(Conflict):
        jobs.cancel(database, job.id)


def test_a_finish_that_meets_a_cancel_is_a_cancel(database: Database) -> None:
    job = engine.submit(database)
    claimed = must_claim(database, QueueName.PROBE)
    jobs.cancel(database, job.id)

    engine.finish(database, claimed)

    shown = jobs.show(database, job.id)
    assert shown.state is JobState.CANCELLED
    assert [task.state for task in shown.tasks] == [TaskState.CANCELLED]


def test_retry_goes_on_from_where_it_failed(database: Database) -> None:
    job = _planned(database)
    done = must_claim(database, QueueName.THUMBNAILS)
    engine.finish(database, done)
    broken = must_claim(database, QueueName.ENCODE_CPU)
    tasks.fail(database, broken.task_id, broken.epoch, BAD_INPUT, jitter=0.0)
    assert jobs.show(database, job.id).state is JobState.FAILED

    jobs.retry(database, job.id)
    engine.run_to_end(database)

    shown = jobs.show(database, job.id)
    assert shown.state is JobState.SUCCEEDED
    kinds = {task.id: task for task in shown.tasks}
    assert kinds[done.task_id].attempt == 1


def test_the_playlist_grows_by_whole_runs_only(database: Database) -> None:
    job = _planned(database)
    chunks = {}
    while (got := engine.claim(database, QueueName.ENCODE_CPU)) is not None:
        if isinstance(got.params, EncodeParams):
            chunks[got.params.chunk.index] = got
        else:
            assert isinstance(got.params, EncodeAudioParams)
            engine.publish_audio(database, got, got.params)

    engine.finish(database, chunks[1])
    with database.read() as tx:
        assert tx.assets.get(job.asset_id).state is AssetState.PROCESSING  # type: ignore[union-attr]
    engine.finish(database, chunks[0])

    timeline = playback.timeline(database, job.asset_id)
    video = [r for r in timeline.renditions if r.medium == "video"]
    made = chunks[1].params
    assert isinstance(made, EncodeParams)
    n_segments = -(-made.chunk.end_frame // made.grid.segment_frames)
    assert {len(r.segments) for r in video} == {n_segments}
    assert not timeline.is_ended


def test_a_gpu_that_refuses_hands_the_job_to_the_cpus(database: Database) -> None:
    able = Capabilities(
        ffmpeg_version="9",
        encoder_build=engine.BUILD,
        encoders=(EncoderAbility(name="h264_nvenc", is_gpu=True),),
        n_cores=8,
        scratch_free_bytes=2**30,
    )
    fleet.register(database, WorkerId("gpu"), "box", [QueueName.ENCODE_GPU], 2, able)
    job = _planned(database)
    claimed = must_claim(database, QueueName.ENCODE_GPU)

    refused = Failure(code="work.encoder_unavailable", detail="no session", retryable=True)
    tasks.fail(database, claimed.task_id, claimed.epoch, refused, jitter=0.0)

    shown = jobs.show(database, job.id)
    assert not [task for task in shown.tasks if task.queue is QueueName.ENCODE_GPU]
    again = [task for task in shown.tasks if task.id == claimed.task_id]
    assert again[0].attempt == 0
    engine.run_to_end(database)
    assert jobs.show(database, job.id).state is JobState.SUCCEEDED


def test_events_are_numbered_in_commit_order(database: Database) -> None:
    def write() -> None:
        for _ in range(40):
            with database.write() as tx:
                tx.emit(EventType.ASSET_CREATED)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for thread in writers:
        thread.start()
    seen: list[int] = []
    while any(thread.is_alive() for thread in writers) or len(seen) < 160:
        last = seen[-1] if seen else 0
        seen += [event.id for event in watching.events_after(database, last, limit=1000)]
        assert seen == list(range(1, len(seen) + 1)), "a number came late"

    assert len(seen) == 160
