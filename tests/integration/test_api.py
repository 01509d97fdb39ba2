import http.client
import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from flask import Flask, request

from api.client import ApiError
from api.problems import register
from api.streaming import blocks
from pipeline.services import claims, fleet, tasks
from schemas.events import EventType
from schemas.http import DryRunView, JobRequest, JobView
from schemas.listing import AssetWish, JobWish
from schemas.media import MediaFacts, VideoFacts
from schemas.tasks import ProbeResult
from schemas.vocabulary import AssetId, AssetState, JobId, JobState, QueueName, TaskState, WorkerId
from schemas.workers import Capabilities
from tests.support.served import Served, eventually, running, serving

MIB = 2**20
WAITING = AssetWish(state=(AssetState.WAITING,))
LIMIT_BYTES = 400 * MIB


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("api")
    with serving(folder, upload_limit_bytes=LIMIT_BYTES) as served:
        yield served


@pytest.fixture
def raw(api: Served) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=10)
    yield connection
    connection.close()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"not really a film" * 1000)
    return path


@pytest.fixture
def job(api: Served, clip: Path) -> JobView:
    return api.client.submit(JobRequest(asset_id=api.client.upload(clip).id))


def n_objects(api: Served) -> int:
    return sum(1 for _ in api.pipeline.storage.list("assets/"))


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-Id"] in answer.json()["instance"]


# --- uploads ---------------------------------------------------------------------------------


def test_an_upload_becomes_an_asset(api: Served, clip: Path) -> None:
    sent: list[int] = []

    asset = api.client.upload(clip, sent.append)

    assert asset.filename == "clip.mp4"
    assert asset.size_bytes == sum(sent) == clip.stat().st_size
    assert asset.state is AssetState.WAITING
    assert api.client.asset(asset.id) == asset


def test_an_upload_in_chunks_of_unknown_length_is_taken(api: Served) -> None:
    answer = httpx.post(f"{api.url}/api/assets", content=iter([b"abc", b"def"]))

    assert answer.status_code == 201
    assert answer.json()["size_bytes"] == 6
    assert answer.headers["Location"] == f"/api/assets/{answer.json()['id']}"


def test_a_large_upload_costs_little_memory(api: Served) -> None:
    process = psutil.Process()
    n_blocks, block = 300, bytes(MIB)
    before, seen = process.memory_info().rss, [0]

    def film() -> Iterator[bytes]:
        for _ in range(n_blocks):
            seen.append(process.memory_info().rss)
            yield block

    answer = httpx.post(f"{api.url}/api/assets?filename=big.mov", content=film(), timeout=120)

    assert answer.json()["size_bytes"] == n_blocks * MIB
    assert max(seen) - before < 64 * MIB


def test_a_body_shorter_than_announced_leaves_nothing(api: Served) -> None:
    before = n_objects(api)

    with socket.create_connection((api.server.host, api.server.port), timeout=10) as wire:
        wire.sendall(b"POST /api/assets HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nshort")
        wire.shutdown(socket.SHUT_WR)
        answer = wire.makefile("rb").read()

    assert b" 400 " in answer.splitlines()[0]
    assert b'"upload.incomplete"' in answer
    assert n_objects(api) == before


def test_a_chunked_body_that_breaks_off_leaves_nothing(api: Served) -> None:
    before = n_objects(api)

    with socket.create_connection((api.server.host, api.server.port), timeout=10) as wire:
        wire.sendall(
            b"POST /api/assets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"
        )
        wire.shutdown(socket.SHUT_WR)
        answer = wire.makefile("rb").read()

    assert b" 400 " in answer.splitlines()[0]
    assert n_objects(api) == before


def test_a_client_that_stalls_is_cut() -> None:
    app = Flask("stall")
    register(app)

    @app.post("/")
    def take() -> str:
        return str(sum(map(len, blocks(request, limit_bytes=MIB, stall_s=0.2))))

    with running(app) as server, socket.create_connection((server.host, server.port), 10) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        answer = wire.makefile("rb").read()

    assert b" 400 " in answer.splitlines()[0]
    assert b'"upload.stalled"' in answer


def test_an_announced_size_over_the_limit_is_refused_before_a_byte_is_sent(api: Served) -> None:
    with socket.create_connection((api.server.host, api.server.port), timeout=10) as wire:
        head = f"POST /api/assets HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT_BYTES + 1}\r\n"
        wire.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        answer = wire.makefile("rb").read()

    assert b" 413 " in answer.splitlines()[0]
    assert b"100 Continue" not in answer


def test_a_client_that_asks_before_sending_is_told_to_go_on(api: Served) -> None:
    with socket.create_connection((api.server.host, api.server.port), timeout=10) as wire:
        wire.sendall(
            b"POST /api/assets HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
            b"Connection: close\r\nExpect: 100-continue\r\n\r\n"
        )
        lines = wire.makefile("rb")
        first = lines.readline()
        wire.sendall(b"abc")
        answer = lines.read()

    assert b"100 Continue" in first
    assert b" 201 " in answer


def test_more_than_the_limit_without_announcing_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, upload_limit_bytes=MIB) as small:
        answer = httpx.post(f"{small.url}/api/assets", content=(bytes(MIB // 4) for _ in range(64)))

        assert_problem(answer, 413, "request.too_large")
        assert n_objects(small) == 0


def test_an_empty_upload_is_not_media(api: Served) -> None:
    answer = httpx.post(f"{api.url}/api/assets", content=b"")
    assert answer.status_code == 422


def test_a_deleted_asset_is_gone(api: Served, clip: Path) -> None:
    asset_id = api.client.upload(clip).id

    api.client.delete_asset(asset_id)

    with pytest.raises(ApiError) as refusal:
        api.client.asset(asset_id)
    assert refusal.value.problem.code == "asset.not_found"


def test_assets_are_listed_page_by_page(api: Served, clip: Path) -> None:
    made = [api.client.upload(clip).id for _ in range(3)]

    first = api.client.assets(WAITING, limit=2)
    second = api.client.assets(WAITING, limit=2, cursor=first.next)

    assert [asset.id for asset in (*first.items, *second.items)][:3] == made[::-1]


# --- jobs ------------------------------------------------------------------------------------


def test_a_job_is_accepted_and_shown_with_its_graph(api: Served, clip: Path) -> None:
    asset = api.client.upload(clip)

    answer = httpx.post(f"{api.url}/api/jobs", json={"asset_id": asset.id, "priority": 9})

    job = api.client.job(JobId(answer.json()["id"]))
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/jobs/{job.id}"
    assert (job.state, job.priority) == (JobState.WAITING, 9)
    assert [task.state for task in job.tasks] == [TaskState.READY]
    listed = api.client.jobs(JobWish(asset_id=asset.id)).items
    assert job in [api.client.job(one.id) for one in listed]


def test_a_job_is_cancelled_once_and_retried(api: Served, job: JobView) -> None:
    assert api.client.cancel(job.id).state is JobState.CANCELLED
    assert_problem(httpx.post(f"{api.url}/api/jobs/{job.id}/cancel"), 409, "job.ended")

    assert api.client.retry(job.id).state is JobState.WAITING
    assert_problem(httpx.post(f"{api.url}/api/jobs/{job.id}/retry"), 409, "job.not_failed")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/jobs/none"),
        ("POST", "/api/jobs/none/cancel"),
        ("POST", "/api/jobs/none/retry"),
        ("GET", "/api/assets/none"),
        ("DELETE", "/api/assets/none"),
        ("POST", "/api/workers/none/drain"),
        ("POST", "/api/queues/none/pause"),
        ("GET", "/api/nothing"),
        ("GET", "/api/jobs/%00"),
    ],
)
def test_what_is_not_there_is_not_found(api: Served, method: str, path: str) -> None:
    answer = httpx.request(method, f"{api.url}{path}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_job_needs_an_asset_and_a_known_profile(api: Served, clip: Path) -> None:
    asset_id = api.client.upload(clip).id
    unknown = {"asset_id": asset_id, "profile": "nope"}
    assert_problem(httpx.post(f"{api.url}/api/jobs", json=unknown), 400, "profile.unknown")
    missing = {"asset_id": "none"}
    assert_problem(httpx.post(f"{api.url}/api/jobs", json=missing), 404, "asset.not_found")


def test_a_cursor_that_is_not_ours_is_refused(api: Served) -> None:
    assert_problem(httpx.get(f"{api.url}/api/jobs?cursor=AAAA"), 400, "request.cursor")


# --- dry runs --------------------------------------------------------------------------------


def test_a_dry_run_without_workers_answers_with_the_probing_job(api: Served, clip: Path) -> None:
    asset_id = api.client.upload(clip).id
    asked = {"asset_id": asset_id, "dry_run": True}

    first, again = (httpx.post(f"{api.url}/api/jobs", json=asked) for _ in range(2))

    assert first.status_code == again.status_code == 202
    assert first.headers["Retry-After"] == "2"
    assert first.json()["id"] == again.json()["id"]


def test_a_dry_run_answers_with_the_plan_once_the_source_is_known(
    tmp_path: Path, clip: Path
) -> None:
    with serving(tmp_path / "data", dry_run_wait_s=30) as api, ThreadPoolExecutor(1) as pool:
        asset_id = api.client.upload(clip).id
        asking = pool.submit(api.client.dry_run, JobRequest(asset_id=asset_id))
        assert eventually(lambda: probe(api))

        view = asking.result(10)

    assert isinstance(view, DryRunView)
    assert view.plan.rungs
    assert view.commands


def probe(api: Served) -> bool:
    """Be the worker that probes, if there is something to probe."""
    offer = claims.Offer(
        worker_id=WorkerId("w"),
        queue=QueueName.PROBE,
        encoder_build="b",
        scratch_free_bytes=2**40,
    )
    claimed = claims.claim(api.pipeline.database, offer, lease_s=60)
    if claimed is None:
        return False
    tasks.finish(
        api.pipeline.database, claimed.task_id, claimed.epoch, ProbeResult(facts=some_facts())
    )
    return True


def some_facts() -> MediaFacts:
    ten_s, rate = Fraction(10), Fraction(25)
    return MediaFacts(
        container="mov",
        size_bytes=17_000,
        duration_s=ten_s,
        start_s=Fraction(0),
        video=VideoFacts(
            index=0,
            codec="h264",
            width_px=640,
            height_px=360,
            display_width_px=640,
            display_height_px=360,
            pixel_format="yuv420p",
            frame_rate=rate,
            start_s=Fraction(0),
            duration_s=ten_s,
            n_frames=250,
            keyframes_s=(0.0, 4.0, 8.0),
        ),
    )


# --- fleet -----------------------------------------------------------------------------------


def test_queues_are_paused_and_resumed(api: Served) -> None:
    assert {queue.name for queue in api.client.queues()} >= {QueueName.PROBE, QueueName.ENCODE_CPU}
    assert api.client.pause(QueueName.PACKAGE).is_paused
    assert not api.client.resume(QueueName.PACKAGE).is_paused


def test_workers_are_shown_and_drained(api: Served) -> None:
    worker_id = WorkerId("box-1")
    capabilities = Capabilities(
        ffmpeg_version="9", encoder_build="b", encoders=(), n_cores=2, scratch_free_bytes=1
    )
    fleet.register(api.pipeline.database, worker_id, "box", (QueueName.PROBE,), 2, capabilities)

    api.client.drain(worker_id)

    assert [(one.id, one.is_draining) for one in api.client.workers()] == [(worker_id, True)]


# --- health and metrics ----------------------------------------------------------------------


def test_a_healthy_process_says_so(api: Served) -> None:
    assert httpx.get(f"{api.url}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{api.url}/readyz")
    assert ready.status_code == 200
    assert set(ready.json()["checks"]) == {"database", "storage", "broker", "bus"}


def test_a_storage_that_is_away_is_named(tmp_path: Path) -> None:
    with serving(tmp_path) as api:
        (tmp_path / "objects").rename(tmp_path / "moved")
        (tmp_path / "objects").write_bytes(b"")

        ready = httpx.get(f"{api.url}/readyz")

        assert ready.status_code == 503
        checks = ready.json()["checks"]
        assert not checks["storage"]["is_ok"]
        assert checks["database"]["is_ok"]
        assert httpx.get(f"{api.url}/healthz").status_code == 200


def test_metrics_tell_of_queues_and_requests(api: Served, job: JobView) -> None:
    text = httpx.get(f"{api.url}/metrics").text

    ready = re.search(r'reelmill_tasks\{queue="probe",state="ready"\} (\S+)', text)
    assert ready is not None
    assert float(ready[1]) >= 1
    assert 'route="/api/jobs",status="202"' in text
    assert "reelmill_database_up 1.0" in text
    assert "reelmill_outbox_rows" in text
    assert "reelmill_websocket_clients 0.0" in text
    assert job.id not in text


# --- the wire --------------------------------------------------------------------------------


def test_a_connection_serves_request_after_request(raw: http.client.HTTPConnection) -> None:
    raw.connect()
    first = raw.sock

    for path, status in [("/healthz", 200), ("/api/jobs/none", 404), ("/api/jobs", 200)]:
        raw.request("GET", path)
        answer = raw.getresponse()
        answer.read()
        assert answer.status == status

    raw.request("POST", "/api/jobs", b"[]", {"Content-Type": "text/plain"})
    assert raw.getresponse().read()
    raw.request("HEAD", "/api/queues")
    assert raw.getresponse().read() == b""
    assert raw.sock is first


def test_a_body_nobody_read_does_not_become_the_next_request(
    raw: http.client.HTTPConnection,
) -> None:
    raw.request("POST", "/api/nothing", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
    assert raw.getresponse().read()
    raw.request("GET", "/healthz")
    assert json.loads(raw.getresponse().read()) == {"status": "ok"}


def test_a_length_that_can_be_read_two_ways_is_refused(api: Served) -> None:
    with socket.create_connection((api.server.host, api.server.port), timeout=10) as wire:
        wire.sendall(
            b"POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        answer = wire.makefile("rb").read()

    assert answer.count(b"HTTP/1.1") == 1
    assert b" 400 " in answer.splitlines()[0]
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "line", [b"GARBAGE", b"GET http://[ HTTP/1.1", b"GET / HTTP/9.9", b"GET /" + b"a" * 70_000]
)
def test_what_is_not_http_gets_a_problem_too(api: Served, line: bytes) -> None:
    with socket.create_connection((api.server.host, api.server.port), timeout=10) as wire:
        wire.sendall(line + b"\r\n\r\n")
        wire.shutdown(socket.SHUT_WR)
        answer = wire.makefile("rb").read()
    assert b'"request.malformed"' in answer


def test_a_page_of_another_site_changes_nothing(api: Served, job: JobView) -> None:
    foreign = httpx.post(
        f"{api.url}/api/jobs/{job.id}/cancel", headers={"Origin": "https://evil.example"}
    )
    own = httpx.post(f"{api.url}/api/jobs/{job.id}/cancel", headers={"Origin": api.url})

    assert foreign.status_code == 403
    assert own.status_code == 200


def test_a_server_that_is_away_is_told_apart(api: Served) -> None:
    from api.client import Client

    with Client("http://127.0.0.1:9") as nobody, pytest.raises(ApiError) as refusal:
        nobody.asset(AssetId("a"))
    assert refusal.value.problem.code == "api.unreachable"


def test_every_write_is_told_as_an_event(api: Served, job: JobView) -> None:
    from pipeline.services import watching

    seen = watching.events_after(api.pipeline.database, 0, job_id=job.id)
    assert [event.type for event in seen] == [EventType.JOB_SUBMITTED]
