"""Relay, sweeper and housekeeping of one process."""

from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
from structlog.testing import capture_logs

from compose.scheduler import LEADER_LEASE, Scheduler
from pipeline.bootstrap import Pipeline, build
from pipeline.broker.port import Ring
from pipeline.profiles import built_in
from pipeline.services import jobs, leadership
from pipeline.settings import Settings
from schemas.events import RingsWaiting
from schemas.http import JobRequest, JobView
from schemas.vocabulary import QueueName
from tests.support.engine import add_asset
from tests.support.ports import free_port
from tests.support.waiting import wait_until


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, sweep_interval_s=0.05)


@pytest.fixture
def pipeline(settings: Settings) -> Iterator[Pipeline]:
    pipeline = build(settings)
    yield pipeline
    pipeline.close()


def a_job(pipeline: Pipeline) -> JobView:
    request = JobRequest(asset_id=add_asset(pipeline.database))
    profile = built_in().get("default")
    return jobs.submit(pipeline.database, request, profile, max_attempts=3, max_lost=10)


def test_what_is_committed_is_rung_for(pipeline: Pipeline) -> None:
    rings: Queue[Ring] = Queue()
    listener = pipeline.broker.listen([QueueName.PROBE], slots=1, on_ring=rings.put)
    scheduler = Scheduler(pipeline)
    scheduler.start()

    job = a_job(pipeline)
    pipeline.bus.publish(RingsWaiting())

    assert rings.get(timeout=5).task_id == job.tasks[0].id
    scheduler.stop()
    listener.stop(1)


def test_one_of_two_leads_and_the_other_takes_over(pipeline: Pipeline) -> None:
    first, second = Scheduler(pipeline), Scheduler(pipeline)
    first.start()
    wait_until(lambda: not leadership.lead(pipeline.database, LEADER_LEASE, "else", ttl_s=1))
    second.start()

    first.stop()

    wait_until(second._is_leader.is_set)
    assert not leadership.lead(pipeline.database, LEADER_LEASE, "else", ttl_s=1)
    second.stop()
    assert leadership.lead(pipeline.database, LEADER_LEASE, "else", ttl_s=1)


def test_a_broker_that_is_away_is_tried_again(settings: Settings) -> None:
    url = f"amqp://127.0.0.1:{free_port()}"
    pipeline = build(Settings(**{**settings.model_dump(), "broker_url": url}))
    a_job(pipeline)
    scheduler = Scheduler(pipeline)

    with capture_logs() as logs:
        scheduler.start()
        wait_until(lambda: len([line for line in logs if line.get("tick") == "relay"]) > 1)
        scheduler.stop()

    assert {line["code"] for line in logs if line.get("tick") == "relay"} == {"unavailable.broker"}
    pipeline.close()


def test_a_tick_that_fails_unforeseen_ends_no_loop(pipeline: Pipeline) -> None:
    scheduler = Scheduler(pipeline)

    with capture_logs() as logs:
        assert scheduler._attempt("test", lambda: 1 // 0) is None

    assert logs[0]["event"] == "upkeep.failed"


def test_housekeeping_is_the_leaders(pipeline: Pipeline) -> None:
    scheduler = Scheduler(pipeline)
    done: list[str] = []

    scheduler._as_leader("test", lambda: done.append("follower"))
    scheduler._is_leader.set()
    scheduler._as_leader("test", lambda: done.append("leader"))

    assert done == ["leader"]


def test_stopping_at_once_is_fine(pipeline: Pipeline) -> None:
    scheduler = Scheduler(pipeline)

    scheduler.start()
    scheduler.stop()
