"""A worker that dies in mid-stream: another one goes on, and players hardly notice."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.services import jobs, playback, stream_keys, streams
from pipeline.services.stream_views import Addresses
from schemas.streams import StreamKeyRequest, StreamRequest
from schemas.vocabulary import JobState, QueueName
from tests.support.fleet import Fleet
from tests.support.live_house import publisher
from tests.support.on_air import PROFILE, made_film
from tests.support.roles import Ingest, Worker
from tests.support.waiting import wait_until

#: As they are by default.
USUAL = {"lease_s": 12.0, "live_lease_s": 6.0, "heartbeat_s": 1.0, "sweep_interval_s": 2.0}
AGAIN_WITHIN_S = 10.0


def live_worker(fleet: Fleet, number: int) -> Worker:
    worker = Worker(
        fleet.folder / f"live{number}",
        {**fleet.settings, **USUAL},
        slots=1,
        queues=(QueueName.LIVE,),
    )
    fleet.workers.append(worker)
    fleet.roles.append(worker)
    worker.launch()
    worker.wait_until_ready()
    return worker


@pytest.mark.timeout(180)
def test_a_worker_killed_in_mid_stream_is_replaced(fleet: Fleet, tmp_path: Path) -> None:
    fleet.add_scheduler(**USUAL)
    ingest = Ingest(fleet.folder / "ingest", {**fleet.settings, **USUAL})
    fleet.roles.append(ingest)
    ingest.launch()
    first = live_worker(fleet, 1)
    database = fleet.pipeline.database
    at, request = Addresses(rtmp_url="rtmp://x/live"), StreamRequest(title="Talk", grace_s=0)
    stream = streams.create(database, request, PROFILE, account="local", at=at)
    asked = StreamKeyRequest(stream_id=stream.id)
    key = stream_keys.create(database, asked, PROFILE, account="local", owner="local").key
    ingest.wait_until_ready()
    film = tmp_path / "film.flv"
    made_film(film, "-t", "30", "-g", "60")

    def n_published() -> int:
        with database.read() as tx:
            found = tx.sessions.of_stream(stream.id, 1)
            counts = tx.media.counts(found[0].job_id) if found and found[0].job_id else {}
        return min(counts.values(), default=0)

    with publisher(film, f"rtmp://127.0.0.1:{ingest.rtmp_port}/live/{key}", is_paced=True) as sent:
        live_worker(fleet, 2)
        # The sweeper judges nobody before it has been there for a whole lease.
        wait_until(lambda: n_published() >= 7, timeout_s=60)
        # Two are there; the first has it.
        before = n_published()
        first.power_off()
        killed_at_s = time.monotonic()
        wait_until(lambda: n_published() > before + 1, timeout_s=30)
        away_s = time.monotonic() - killed_at_s
        assert sent.wait(60) == 0
    with database.read() as tx:
        job_id = tx.sessions.of_stream(stream.id, 1)[0].job_id
    assert job_id is not None
    wait_until(lambda: jobs.show(database, job_id).state is JobState.SUCCEEDED, timeout_s=30)

    print(f"segments again after {away_s:.1f} s")
    assert away_s < AGAIN_WITHIN_S
    for rendition in playback.job_timeline(database, job_id).renditions:
        assert len({segment.key.split("/")[2] for segment in rendition.segments}) == 2
        assert not any(segment.is_discontinuous for segment in rendition.segments)
        for one, other in pairwise(rendition.segments):
            end_ms = (one.start_ms or 0) + 1000 * one.duration_s
            assert abs((other.start_ms or 0) - end_ms) <= 1
