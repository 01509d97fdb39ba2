"""``Idempotency-Key`` over HTTP: the same POST again, at once, beside itself, and after kill -9."""

import http.client
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event, Lock
from urllib.parse import urlsplit

import httpx
import pytest

from pipeline.core import sealing
from pipeline.services.assets import LOCAL_ACCOUNT
from schemas.http import JobRequest
from tests.support.killed_api import Up
from tests.support.served import Served, serving
from tests.support.waiting import wait_until

N_CREATES = 200
#: The server is killed when so many creates have been answered.
KILLS_AT = (30, 90, 150)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest.fixture(scope="module")
def asset_id(api: Served) -> str:
    return str(httpx.post(f"{api.url}/api/assets", content=b"film").json()["id"])


def key() -> dict[str, str]:
    return {"Idempotency-Key": f'"{uuid.uuid4()}"'}


def test_a_repeated_job_is_the_same_answer(api: Served, asset_id: str) -> None:
    mine = key()
    body = {"asset_id": asset_id, "metadata": {"order": "7"}}
    before = len(api.client.jobs(limit=200).items)

    first = httpx.post(f"{api.url}/api/jobs", json=body, headers=mine)
    again = httpx.post(f"{api.url}/api/jobs", json=body, headers=mine)
    bare = {"Idempotency-Key": mine["Idempotency-Key"].strip('"')}
    unquoted = httpx.post(f"{api.url}/api/jobs", json=body, headers=bare)

    assert first.status_code == again.status_code == unquoted.status_code == 202
    assert first.content == again.content == unquoted.content
    assert first.headers["Location"] == again.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert len(api.client.jobs(limit=200).items) == before + 1


def test_a_repeated_upload_is_the_same_asset(api: Served) -> None:
    mine = key()

    first = httpx.post(f"{api.url}/api/assets?filename=a", content=b"film", headers=mine)
    again = httpx.post(f"{api.url}/api/assets?filename=a", content=b"film", headers=mine)
    other = httpx.post(f"{api.url}/api/assets?filename=b", content=b"film", headers=mine)
    longer = httpx.post(f"{api.url}/api/assets?filename=a", content=b"films", headers=mine)

    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.reused")
    assert longer.status_code == 422


def test_another_body_or_path_is_refused(api: Served, asset_id: str) -> None:
    mine = key()
    job = httpx.post(f"{api.url}/api/jobs", json={"asset_id": asset_id}, headers=mine).json()

    other = httpx.post(
        f"{api.url}/api/jobs", json={"asset_id": asset_id, "priority": 9}, headers=mine
    )
    elsewhere = httpx.post(f"{api.url}/api/jobs/{job['id']}/cancel", headers=mine)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency.reused")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "idempotency.reused")


@pytest.mark.parametrize("text", ["", '""', "a b", '"a', "ключ", "x" * 256, 'a"b'])
def test_a_key_that_is_none_is_refused(api: Served, asset_id: str, text: str) -> None:
    answer = httpx.post(
        f"{api.url}/api/jobs",
        json={"asset_id": asset_id},
        headers=[(b"Idempotency-Key", text.encode())],
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.malformed")


def test_a_refusal_is_not_kept(api: Served, asset_id: str) -> None:
    mine = key()

    wrong = httpx.post(f"{api.url}/api/jobs", json={"asset_id": "gone"}, headers=mine)
    right = httpx.post(f"{api.url}/api/jobs", json={"asset_id": asset_id}, headers=mine)

    assert (wrong.status_code, right.status_code) == (404, 202)


def test_a_repeat_of_what_is_still_coming_waits(api: Served) -> None:
    mine = {"Idempotency-Key": "still-coming"}
    wire = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=10)
    wire.putrequest("POST", "/api/assets")
    wire.putheader("Content-Length", "8")
    wire.putheader("Idempotency-Key", "still-coming")
    wire.endheaders(b"half")
    wait_until(lambda: is_begun(api, "still-coming"))
    again = httpx.post(f"{api.url}/api/assets", content=b"halfhalf", headers=mine)
    wire.send(b"half")
    first = wire.getresponse()

    wire.close()
    assert (again.status_code, again.json()["code"]) == (409, "idempotency.in_flight")
    assert again.headers["Retry-After"]
    assert first.status == 201


def is_begun(api: Served, key: str) -> bool:
    with api.pipeline.database.read() as tx:
        return tx.promises.get(LOCAL_ACCOUNT, sealing.digest(key)) is not None


def test_nothing_is_made_twice_or_lost_when_the_api_is_killed(tmp_path: Path) -> None:
    """Two hundred creates from eight clients, three kills; every client repeats until answered."""
    up = Up(tmp_path / "up", {"worker_slots": 1})
    with up:
        asset_id = httpx.post(f"{up.url}/api/assets", content=b"film").json()["id"]
        httpx.post(f"{up.url}/api/queues/probe/pause")
        crowd = Crowd(up, asset_id)
        with ThreadPoolExecutor(8) as pool:
            coming = pool.map(crowd.create, range(N_CREATES))
            for n_answered in KILLS_AT:
                wait_until(partial(crowd.has_answered, n_answered), timeout_s=60)
                up.kill()
                up.start()
            answers = list(coming)

        replays = [crowd.post(number) for number in range(N_CREATES)]
        listed = crowd.listed()

    made = [answer.json()["id"] for answer in answers]
    assert len(set(made)) == N_CREATES
    assert sorted(listed) == sorted(made)
    assert [answer.json()["id"] for answer in replays] == made
    assert all(answer.headers["Idempotent-Replayed"] == "true" for answer in replays)
    assert [answer.headers["Location"] for answer in replays] == [
        answer.headers["Location"] for answer in answers
    ]


class Crowd:
    """Clients of a server that dies now and then."""

    def __init__(self, up: Up, asset_id: str) -> None:
        self._up, self._asset_id = up, asset_id
        self._keys = [str(uuid.uuid4()) for _ in range(N_CREATES)]
        self._lock, self._n_answered = Lock(), 0
        self._pause = Event()

    def post(self, number: int) -> httpx.Response:
        request = JobRequest(asset_id=self._asset_id, metadata={"number": str(number)})
        return httpx.post(
            f"{self._up.url}/api/jobs",
            content=request.model_dump_json(),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": self._keys[number],
            },
            timeout=20,
        )

    def create(self, number: int) -> httpx.Response:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                answer = self.post(number)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 202:
                with self._lock:
                    self._n_answered += 1
                return answer
            assert answer is None or answer.status_code in {409, 503}, answer.text
            self._pause.wait(0.2)
        raise AssertionError(f"create {number} was never answered")

    def has_answered(self, n_answered: int) -> bool:
        return self._n_answered >= n_answered

    def listed(self) -> list[str]:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = httpx.get(f"{self._up.url}/api/jobs", params={"limit": 200, **cursor}).json()
            found += [job["id"] for job in page["items"]]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}
