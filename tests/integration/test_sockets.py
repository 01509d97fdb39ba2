import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

import api.sockets.connection
from api.client import ApiError, Client
from api.client.connection import ConnectionLostError, HandshakeError
from api.serving import serve_embedded
from api.sockets.mailbox import BACKLOG_EVENTS
from compose.http import application
from pipeline.services import housekeeping, jobs, watching
from schemas.events import EventType, ProgressTick
from schemas.http import EventMessage, JobRequest, JobSnapshot, JobView
from schemas.vocabulary import JobId, JobState, TaskId
from tests.support.served import Served, eventually, serving
from tests.support.sockets import raw_handshake, status_of
from tests.support.sockets import watching as watch

CLOSE_RESTART = 1012


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "data", websocket_clients=8) as running:
        yield running


@pytest.fixture
def job(served: Served, tmp_path: Path) -> JobView:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"film")
    return served.client.submit(JobRequest(asset_id=served.client.upload(clip).id))


def tick(job_id: JobId, task: str = "t", n_rungs: int = 1) -> ProgressTick:
    return ProgressTick(
        job_id=job_id,
        task_id=TaskId(task),
        epoch=1,
        progress={f"{rung}p": 0.5 for rung in range(n_rungs)},
    )


def flip(served: Served, job_id: JobId, n_times: int) -> None:
    """Cancel and retry a job again and again: two events each time."""
    for _ in range(n_times):
        served.client.cancel(job_id)
        served.client.retry(job_id)


def n_seats(served: Served) -> int:
    text = served.client._http.get("/metrics").text
    line = next(line for line in text.splitlines() if line.startswith("reelmill_websocket_clients"))
    return int(float(line.split()[1]))


# --- what is told ----------------------------------------------------------------------------


def test_a_watcher_gets_the_job_as_it_is_and_then_what_happens(
    served: Served, job: JobView
) -> None:
    with watch(served, f"/api/jobs/{job.id}/events") as messages:
        first = JobSnapshot.model_validate(next(messages))
        served.client.cancel(job.id)
        second = EventMessage.model_validate(next(messages))

    assert first.job.id == job.id
    assert first.job.state is JobState.WAITING
    assert second.event.type is EventType.JOB_CANCELLED
    assert second.event.id > first.last_event_id


def test_progress_reaches_its_job_and_the_watchers_of_everything(
    served: Served, job: JobView
) -> None:
    with (
        watch(served, f"/api/jobs/{job.id}/events") as of_job,
        watch(served, "/api/events") as of_all,
    ):
        assert next(of_job)["type"] == next(of_all)["type"] == "snapshot"
        served.pipeline.bus.publish(tick(JobId("another"), "other-task"))
        served.pipeline.bus.publish(tick(job.id))

        assert next(of_all)["job_id"] == "another"
        assert next(of_job)["job_id"] == job.id


def test_the_socket_over_everything_begins_with_the_newest_jobs(
    served: Served, job: JobView
) -> None:
    with watch(served, "/api/events") as messages:
        assert [one["id"] for one in next(messages)["jobs"]] == [job.id]


def test_a_finished_job_keeps_its_watchers(served: Served, job: JobView) -> None:
    served.client.cancel(job.id)

    with watch(served, f"/api/jobs/{job.id}/events") as messages:
        assert next(messages)["job"]["state"] == "cancelled"
        served.client.retry(job.id)
        assert next(messages)["event"]["type"] == "job.retried"


def test_who_comes_back_gets_exactly_what_was_missed(served: Served, job: JobView) -> None:
    with watch(served, f"/api/jobs/{job.id}/events") as messages:
        seen = next(messages)["last_event_id"]
    flip(served, job.id, 3)
    expected = [
        event.id for event in watching.events_after(served.pipeline.database, seen, job_id=job.id)
    ]

    with watch(served, f"/api/jobs/{job.id}/events?last_event_id={seen}") as messages:
        missed = list(itertools.islice(messages, len(expected)))
        served.client.cancel(job.id)
        following = next(messages)

    assert [message["event"]["id"] for message in missed] == expected
    assert following["event"]["id"] > expected[-1]


def test_who_missed_events_that_are_trimmed_gets_a_snapshot(served: Served, job: JobView) -> None:
    seen = served.client.job(job.id).last_event_id
    flip(served, job.id, 2)
    housekeeping.trim(served.pipeline.database, event_retention_s=0)
    flip(served, job.id, 1)

    with watch(served, f"/api/jobs/{job.id}/events?last_event_id={seen}") as messages:
        assert next(messages)["type"] == "snapshot"


def test_who_claims_to_have_seen_the_future_gets_a_snapshot(served: Served, job: JobView) -> None:
    with watch(served, f"/api/jobs/{job.id}/events?last_event_id={2**62}") as messages:
        assert next(messages)["type"] == "snapshot"


def test_nothing_is_missed_or_repeated_while_events_pour_in(served: Served, job: JobView) -> None:
    flip(served, job.id, 2)
    with ExitStack() as stack:
        path = f"/api/jobs/{job.id}/events?last_event_id=0"
        watchers = []
        for _ in range(4):
            watchers.append(stack.enter_context(watch(served, path)))
            flip(served, job.id, 5)
        every = [
            event.id for event in watching.events_after(served.pipeline.database, 0, job_id=job.id)
        ]
        for messages in watchers:
            got = [next(messages)["event"]["id"] for _ in every]
            assert got == every


def test_the_client_follows_a_job_to_its_end(served: Served, job: JobView) -> None:
    messages = served.client.watch(job.id)
    first = next(messages)
    served.client.cancel(job.id)
    rest = list(messages)

    assert isinstance(first, JobSnapshot)
    assert [one.event.type for one in rest if isinstance(one, EventMessage)] == [
        EventType.JOB_CANCELLED
    ]


def test_the_client_goes_on_after_a_restart_of_the_server(
    tmp_path: Path, served: Served, job: JobView
) -> None:
    messages = served.client.watch(job.id)
    next(messages)
    served.app.extensions["reelmill.close_sockets"]()
    # The old server refuses sockets for good; a new one takes its port and its data.
    served.server.shutdown()
    served.client.close()
    jobs.cancel(served.pipeline.database, job.id)

    again = serve_embedded(application(served.pipeline), "127.0.0.1", served.server.port)
    thread = Thread(target=again.serve_forever, args=(0.02,))
    thread.start()
    try:
        rest = list(messages)
    finally:
        again.shutdown()
        thread.join()

    assert [one.event.type for one in rest if isinstance(one, EventMessage)] == [
        EventType.JOB_CANCELLED
    ]


# --- what is refused -------------------------------------------------------------------------


def test_an_unknown_job_is_refused_before_the_handshake(served: Served) -> None:
    with pytest.raises(HandshakeError) as refusal, watch(served, "/api/jobs/no/events") as messages:
        next(messages)
    assert refusal.value.status == 404
    with pytest.raises(ApiError):
        next(served.client.watch(JobId("no")))
    assert n_seats(served) == 0


def test_one_watcher_too_many_is_refused_and_a_freed_seat_is_given(
    served: Served, job: JobView
) -> None:
    path = f"/api/jobs/{job.id}/events"
    with ExitStack() as stack:
        for _ in range(8):
            next(stack.enter_context(watch(served, path)))
        with pytest.raises(HandshakeError) as refusal, watch(served, path) as messages:
            next(messages)
        assert served.client.job(job.id).id == job.id

    assert refusal.value.status == 503
    assert eventually(lambda: n_seats(served) == 0)
    with watch(served, path) as messages:
        assert next(messages)["type"] == "snapshot"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://[", "http://127.0.0.1:1"]
)
def test_a_page_of_another_site_may_not_watch(served: Served, job: JobView, origin: str) -> None:
    path = f"/api/jobs/{job.id}/events"
    with raw_handshake(served, path, more=f"Origin: {origin}\r\n") as wire:
        assert status_of(wire) == 403


def test_our_own_page_may_watch(served: Served, job: JobView) -> None:
    path = f"/api/jobs/{job.id}/events"
    with raw_handshake(served, path, more=f"Origin: {served.url}\r\n") as wire:
        assert status_of(wire) == 101


@pytest.mark.parametrize("asked", ["last_event_id=-1", "last_event_id=x", f"last_event_id={2**63}"])
def test_a_number_that_is_none_is_refused(served: Served, job: JobView, asked: str) -> None:
    with raw_handshake(served, f"/api/jobs/{job.id}/events?{asked}") as wire:
        assert status_of(wire) == 400


def test_a_plain_request_is_told_what_the_address_speaks(served: Served, job: JobView) -> None:
    answer = served.client._http.get(f"/api/jobs/{job.id}/events")
    assert answer.status_code == 400
    assert "websocket" in answer.json()["detail"]
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_message_that_is_too_large_ends_the_socket(served: Served, job: JobView) -> None:
    with raw_handshake(served, f"/api/jobs/{job.id}/events") as wire:
        assert status_of(wire) == 101
        # A masked text frame that announces 1 MiB.
        wire.sendall(b"\x81\xff" + (2**20).to_bytes(8, "big") + b"\0\0\0\0" + b"a" * 70_000)
        assert eventually(lambda: n_seats(served) == 0)


# --- who is slow -----------------------------------------------------------------------------


def test_a_reader_that_is_stuck_is_cut_and_others_do_not_notice(
    served: Served, job: JobView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.sockets.connection, "DRAIN_MS", 1500)
    path = f"/api/jobs/{job.id}/events"
    with raw_handshake(served, path, receive_buffer_bytes=4096), watch(served, path) as messages:
        next(messages)
        assert n_seats(served) == 2

        def flood() -> bool:
            served.pipeline.bus.publish(tick(job.id, "flood", n_rungs=2000))
            assert next(messages)["type"] == "progress"
            return n_seats(served) == 1

        assert eventually(flood, within_s=30)
        served.client.cancel(job.id)
        assert next(m for m in messages if m["type"] == "event")["event"]["type"] == "job.cancelled"

    assert "reelmill_websocket_cut 1.0" in served.client._http.get("/metrics").text


def test_a_reader_that_fell_behind_gets_a_snapshot(served: Served, job: JobView) -> None:
    with watch(served, f"/api/jobs/{job.id}/events") as messages:
        next(messages)
        # More than the buffers of both ends of a connection ever hold.
        for number in range(400):
            served.pipeline.bus.publish(tick(job.id, f"t{number}", n_rungs=2000))
        flip(served, job.id, BACKLOG_EVENTS // 2 + 5)

        again = next(message for message in messages if message["type"] == "snapshot")
        served.client.cancel(job.id)
        following = next(message for message in messages if message["type"] == "event")

    assert following["event"]["id"] > again["last_event_id"]
    assert "reelmill_websocket_lagged 1.0" in served.client._http.get("/metrics").text


def test_a_stopping_server_says_goodbye(served: Served, job: JobView) -> None:
    with watch(served, f"/api/jobs/{job.id}/events") as messages:
        next(messages)
        served.app.extensions["reelmill.close_sockets"]()
        with pytest.raises(ConnectionLostError) as end:
            next(messages)
    assert end.value.code == CLOSE_RESTART


def test_watching_a_server_that_is_away_is_an_error() -> None:
    with Client("http://127.0.0.1:9") as nobody, pytest.raises(ApiError) as refusal:
        next(nobody.watch(JobId("j")))
    assert refusal.value.problem.code == "api.unreachable"
