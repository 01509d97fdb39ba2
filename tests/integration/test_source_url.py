"""Jobs on what lies at an address: over HTTP, with a whole house, over real sockets."""

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from api.client import Client
from compose.up import House
from pipeline.services import api_keys
from pipeline.services.assets import LOCAL_ACCOUNT
from pipeline.settings import Settings
from schemas.access import KeyRequest
from schemas.http import DryRunView, JobRequest, JobView
from schemas.identity import Scope
from schemas.sources import UrlSource
from schemas.vocabulary import AssetState, JobState, TaskKind
from tests.support.file_server import FileServer, film
from tests.support.house import REELMILL, is_serving, reelmill
from tests.support.lavfi import clip
from tests.support.origin import Origin, Script, Visit, origin
from tests.support.ports import free_port
from tests.support.private_urls import PRIVATE_URLS
from tests.support.product import ROOT
from tests.support.served import Served, serving
from tests.support.small_disk import small_disk
from tests.support.waiting import wait_until

ENDED = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


@pytest.fixture(scope="module")
def clip_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=2).read_bytes()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(settings(tmp_path_factory.mktemp("house") / "data", garbage_delay_s=1.0))
    house.start()
    yield house
    house.stop()


def settings(data_dir: Path, **more: Any) -> Settings:
    chosen = {
        "http_port": 0,
        "anonymous_role": "admin",
        # The test's own servers, and nothing else that is not public.
        "egress_allow": "127.0.0.1/32",
        "worker_slots": 1,
        **more,
    }
    return Settings(data_dir=data_dir, _env_file=None, **chosen)


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[Client]:
    with Client(house.url) as client:
        yield client


@pytest.fixture
def place() -> Iterator[Origin]:
    with origin({}) as running:
        yield running


def hand_in(client: Client, url: str, **how: Any) -> JobView:
    return client.submit(JobRequest(source=UrlSource(url=url), profile="fast", **how))


def ended(client: Client, job: JobView, within_s: float = 60.0) -> JobView:
    wait_until(lambda: client.job(job.id).state in ENDED, timeout_s=within_s)
    return client.job(job.id)


def test_an_address_becomes_a_film(client: Client, place: Origin, clip_bytes: bytes) -> None:
    place.scripts["/films/a film.mp4"] = lambda visit: visit.answer(302, location="/real?x=1")
    place.scripts["/films/a%20film.mp4"] = place.scripts["/films/a film.mp4"]
    place.scripts["/real"] = FileServer(clip_bytes, cuts=[20_000])

    job = hand_in(client, place.url("/films/a%20film.mp4?token=secret"))
    asset = client.asset(job.asset_id)
    assert (asset.filename, asset.state) == ("a film.mp4", AssetState.PROCESSING)
    job = ended(client, job)

    assert job.state is JobState.SUCCEEDED, job.error
    asset = client.asset(job.asset_id)
    assert asset.state is AssetState.READY
    assert asset.size_bytes == len(clip_bytes)
    assert asset.sha256 == hashlib.sha256(clip_bytes).hexdigest()
    assert TaskKind.FETCH in {task.kind for task in job.tasks}
    assert httpx.get(f"{client.base_url}{asset.hls_url}").is_success
    assert "secret" not in asset.model_dump_json() + job.model_dump_json()


def test_a_dry_run_of_an_address_answers_with_the_plan(
    client: Client, place: Origin, clip_bytes: bytes
) -> None:
    place.scripts["/film.mp4"] = FileServer(clip_bytes)

    view = client.dry_run(JobRequest(source=UrlSource(url=place.url("/film.mp4")), dry_run=True))

    assert isinstance(view, DryRunView)
    assert view.plan.rungs


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that allows nothing private."""
    with serving(tmp_path_factory.mktemp("strict") / "data") as served:
        yield served


@pytest.mark.parametrize("url", PRIVATE_URLS, ids=ascii)
def test_a_private_address_is_refused_at_once(strict: Served, url: str) -> None:
    answer = httpx.post(f"{strict.url}/api/jobs", json={"source": {"url": url}})

    too_long = len(url) > 2048
    code = "request.invalid" if too_long else PRIVATE_URLS[url]
    assert (answer.status_code, answer.json()["code"]) == (400 if too_long else 422, code)
    assert strict.client.assets().items == ()
    assert strict.client.jobs().items == ()


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"asset_id": "a1", "source": {"url": "https://films.example/"}},
        {"source": {}},
        {"source": {"url": 7}},
        {"source": "https://films.example/"},
        {"source": {"url": "https://films.example/", "method": "POST"}},
        {"source": {"url": "https://films.example/", "playback": "secret"}},
    ],
)
def test_a_job_has_one_source(strict: Served, asked: dict[str, Any]) -> None:
    answer = httpx.post(f"{strict.url}/api/jobs", json=asked)

    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")


def test_a_key_that_may_make_no_assets_may_hand_in_no_address(strict: Served) -> None:
    def handed_in(*scopes: Scope) -> httpx.Response:
        asked = KeyRequest(name="test", scopes=scopes)
        key = api_keys.create(strict.pipeline.database, LOCAL_ACCOUNT, asked).key
        return httpx.post(
            f"{strict.url}/api/jobs",
            json={"source": {"url": "http://127.0.0.1/"}},
            headers={"Authorization": f"Bearer {key}"},
        )

    assert handed_in(Scope.JOBS_WRITE).json()["code"] == "auth.forbidden"
    assert handed_in(Scope.JOBS_WRITE, Scope.ASSETS_WRITE).json()["code"] == "url.private"


def test_an_address_is_handed_in_once_per_key(strict: Served) -> None:
    asked = {"source": {"url": "https://films.example/film.mp4?token=secret"}, "profile": "fast"}
    headers = {"Idempotency-Key": "one-film"}

    first, again = (
        httpx.post(f"{strict.url}/api/jobs", json=asked, headers=headers) for _ in range(2)
    )

    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    assert len(strict.client.assets().items) == 1
    strict.client.delete_asset(first.json()["asset_id"])


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (lambda visit: visit.answer(404), "url.missing"),
        (lambda visit: visit.answer(403), "url.denied"),
        (lambda visit: visit.answer(200, b"<html><body>Log in</body></html>"), "media.text"),
        (lambda visit: visit.answer(200, b"#EXTM3U\nhttp://127.0.0.1/x.ts\n"), "media.playlist"),
        (lambda visit: visit.answer(302, location="http://169.254.169.254/"), "url.private"),
        (lambda visit: visit.answer(302, location="http://127.0.0.2/"), "url.private"),
        (lambda visit: visit.answer(302, location="file:///etc/passwd"), "url.scheme"),
        (lambda visit: visit.answer(302, location="/film.mp4"), "url.redirects"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_and_not_tried_again(
    client: Client, place: Origin, script: Script, code: str
) -> None:
    place.scripts["/film.mp4"] = script

    job = ended(client, hand_in(client, place.url("/film.mp4?token=secret")))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == code
    assert job.tasks[0].attempt == 1
    assert client.asset(job.asset_id).state is AssetState.FAILED
    assert "secret" not in job.model_dump_json()


def test_a_server_out_of_order_is_asked_again(
    client: Client, place: Origin, clip_bytes: bytes
) -> None:
    answers: list[Script] = [lambda visit: visit.answer(503), FileServer(clip_bytes)]

    def answer(visit: Visit) -> None:
        answers.pop(0)(visit)

    place.scripts["/film.mp4"] = answer

    job = ended(client, hand_in(client, place.url("/film.mp4")))

    assert job.state is JobState.SUCCEEDED, job.error
    assert job.tasks[0].attempt == 2


def test_a_cancel_ends_a_fetch_within_two_seconds(client: Client, place: Origin) -> None:
    came, gone_at_s = Event(), []

    def stall(visit: Visit) -> None:
        visit.send(b'HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\netag: "1"\r\n\r\n')
        visit.send(film(500_000))
        came.set()
        visit.sock.settimeout(20)
        assert visit.sock.recv(1) == b""
        gone_at_s.append(time.monotonic())

    place.scripts["/film.mp4"] = stall
    job = hand_in(client, place.url("/film.mp4"))
    assert came.wait(10)
    cancelled_at_s = time.monotonic()

    client.cancel(job.id)

    wait_until(lambda: bool(gone_at_s), timeout_s=10)
    assert gone_at_s[0] - cancelled_at_s < 2.0
    wait_until(lambda: client.job(job.id).tasks[0].state == "cancelled")


def test_a_deleted_asset_leaves_nothing_of_its_fetch(
    house: House, client: Client, place: Origin
) -> None:
    came = Event()

    def stall(visit: Visit) -> None:
        visit.send(b'HTTP/1.1 200 OK\r\ncontent-length: 90000000\r\netag: "1"\r\n\r\n')
        visit.send(film(20_000_000))
        came.set()
        visit.is_over.wait(20)

    place.scripts["/film.mp4"] = stall
    job = hand_in(client, place.url("/film.mp4"))
    assert came.wait(10)

    client.delete_asset(job.asset_id)

    objects = house._settings.data_dir / "objects"

    def left() -> list[str]:
        # Not by rglob, which raises where a folder goes while it looks.
        return [path for path, *_ in os.walk(objects) if job.asset_id in path]

    wait_until(lambda: not left(), timeout_s=60)


def test_a_killed_house_goes_on_where_it_was(tmp_path: Path, clip_bytes: bytes) -> None:
    body, half = clip_bytes + bytes(40_000_000), 24_000_000
    came, go_on = Event(), Event()

    server = FileServer(body)

    def halting(visit: Visit) -> None:
        if "range" in visit.headers:
            server(visit)
            return
        visit.send(f'HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\netag: "v1"\r\n\r\n'.encode())
        visit.send(body[:half])
        came.set()
        go_on.wait(60)

    said = ["REELMILL_EGRESS_ALLOW=127.0.0.1/32", "REELMILL_ANONYMOUS_ROLE=admin"]
    port = free_port()
    argv = [*REELMILL, "up", "--data", str(tmp_path / "data"), "--port", str(port)]
    with (
        origin({"/film.mp4": halting}) as place,
        Client(f"http://127.0.0.1:{port}") as client,
        ExitStack() as running,
    ):

        def start() -> subprocess.Popen[bytes]:
            process = subprocess.Popen(["env", *said, *argv], cwd=ROOT)
            running.callback(process.wait)
            running.callback(process.kill)
            wait_until(lambda: is_serving(client.base_url), timeout_s=60)
            return process

        first = start()
        job = hand_in(client, place.url("/film.mp4"))
        assert came.wait(20)
        wait_until(lambda: client.job(job.id).tasks[0].progress.get("", 0) > 0.4)
        first.kill()
        first.wait()
        go_on.set()
        start()
        job = ended(client, job, within_s=90)
        asset = client.asset(job.asset_id)

    assert asset.sha256 == hashlib.sha256(body).hexdigest()
    assert job.state is JobState.SUCCEEDED, job.error
    begun_at = [int(visit.headers.get("range", "bytes=0-")[6:-1]) for visit in place.visits]
    # What was safe when it died is not asked for again.
    assert begun_at[0] == 0
    assert begun_at[-1] >= half - 16 * 2**20


def test_a_full_disk_is_waited_out(tmp_path: Path, place: Origin, clip_bytes: bytes) -> None:
    with small_disk(tmp_path / "disk", 64 * 2**20) as disk:
        ballast = disk / "ballast"
        house = House(settings(disk / "data", storage_floor_bytes=0))
        house.start()
        try:
            ballast.write_bytes(bytes(56 * 2**20))
            place.scripts["/film.mp4"] = FileServer(clip_bytes + bytes(20 * 2**20))
            with Client(house.url) as client:
                job = hand_in(client, place.url("/film.mp4"))
                wait_until(lambda: client.job(job.id).tasks[0].error is not None, timeout_s=30)
                error = client.job(job.id).tasks[0].error
                assert error is not None
                assert error.code == "storage.full"
                ballast.unlink()
                wait_until(
                    lambda: (
                        client.asset(job.asset_id).sha256 is not None
                        or client.job(job.id).state in ENDED
                    ),
                    timeout_s=60,
                )
                assert client.asset(job.asset_id).size_bytes == len(clip_bytes) + 20 * 2**20
        finally:
            house.stop()


def test_the_command_line_hands_addresses_in(
    house: House, place: Origin, clip_bytes: bytes
) -> None:
    place.scripts["/film.mp4"] = FileServer(clip_bytes)
    arguments = ("submit", place.url("/film.mp4?token=secret"), "--profile", "fast", "--wait")

    done = reelmill(*arguments, "--json", "--server", house.url)
    shown = reelmill(*arguments, "--server", house.url)

    assert done.code == shown.code == 0, done.err + shown.err
    assert done.json[0]["state"] == "ready"
    assert "film.mp4" in shown.out
    assert "secret" not in done.out + shown.out + shown.err


def test_the_command_line_says_what_is_wrong_with_an_address(strict: Served) -> None:
    done = reelmill("submit", "http://127.0.0.1/?token=secret", "--server", strict.url)

    assert done.code == 4
    assert "url.private" in done.err
    assert "secret" not in done.out + done.err
