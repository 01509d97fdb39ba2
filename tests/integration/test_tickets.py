"""Websockets of those who may watch but own nothing, by tickets, over two API processes."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.client.connection import ConnectionLostError, HandshakeError, connect
from pipeline.core import links
from pipeline.profiles import built_in
from pipeline.services import assets, jobs, viewing
from schemas.events import ProgressTick
from schemas.http import JobRequest
from schemas.identity import Playback
from schemas.playback import PlaybackLinkRequest
from schemas.vocabulary import AssetId, JobId, TaskId
from tests.support.served import Served, running, serving

#: What nobody but its owner may read of it.
SECRETS = ("a-secret-word", "filename", "sha256", "worker", "error", "metadata", "attempt", "queue")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "data", anonymous_role="", websocket_clients=8) as served:
        yield served


@pytest.fixture
def other(served: Served) -> Iterator[str]:
    """A second API process as far as the database can tell."""
    app = create_app(served.pipeline)
    with running(app) as server:
        yield server.url
        app.extensions["reelmill.close_sockets"]()


def submit(served: Served, playback: Playback = Playback.UNLISTED) -> tuple[AssetId, JobId]:
    database = served.pipeline.database
    asset = assets.create(
        database,
        served.pipeline.storage,
        filename="f.mp4",
        blocks=[b"film"],
        limit_bytes=9,
        playback=playback,
    )
    request = JobRequest(asset_id=asset.id, metadata={"about": "a-secret-word"})
    job = jobs.submit(database, request, built_in().get("default"), max_attempts=1, max_lost=1)
    with database.write() as tx:
        # As its plan does.
        tx.assets.play(asset.id, job.id, only_if_none=True)
    return asset.id, job.id


def token_of(served: Served, asset_id: AssetId) -> str:
    key = links.key_of(served.pipeline.secret)
    link = viewing.link(served.pipeline.database, asset_id, PlaybackLinkRequest(), key=key)
    return link.hls_url.split("/~")[1].split("/")[0]


def ticket(url: str, job_id: JobId, token: str | None = None) -> str:
    asked = {"job_id": job_id, "playback_token": token}
    answer = httpx.post(f"{url}/api/tickets", json=asked)
    answer.raise_for_status()
    assert answer.json()["expires_in_s"] == 30
    return str(answer.json()["ticket"])


def refusal(url: str) -> int:
    with pytest.raises(HandshakeError) as refused, connect(url) as texts:
        next(texts)
    return refused.value.status


def test_a_viewer_is_told_how_far_it_is_and_nothing_of_how_it_is_made(served: Served) -> None:
    _, job_id = submit(served)
    url = f"{served.url}/api/jobs/{job_id}/events?ticket={ticket(served.url, job_id)}"
    heard: list[str] = []
    with connect(url) as texts:
        heard.append(next(texts))
        tick = ProgressTick(
            job_id=job_id, task_id=TaskId("t"), epoch=7, progress={"a": 0.5}, speed=3.5
        )
        served.pipeline.bus.publish(tick)
        heard.append(next(texts))
        jobs.cancel(served.pipeline.database, job_id)
        heard.append(next(texts))
        while json.loads(heard[-1])["event"]["type"] != "job.cancelled":
            heard.append(next(texts))

    told: list[dict[str, Any]] = [json.loads(text) for text in heard]
    assert [one["type"] for one in told[:2]] == ["snapshot", "progress"]
    assert set(told[0]["job"]) == {
        *("id", "asset_id", "state", "progress", "rungs", "eta_s", "tasks")
    }
    assert told[1]["speed"] is None
    assert told[1]["epoch"] == 0
    assert all(one["event"]["data"] == {} for one in told[2:])
    assert [word for word in SECRETS for text in heard if word in text] == []


def test_a_ticket_of_one_process_opens_another_and_opens_once(served: Served, other: str) -> None:
    _, job_id = submit(served)
    got = ticket(served.url, job_id)

    with connect(f"{other}/api/jobs/{job_id}/events?ticket={got}") as texts:
        assert json.loads(next(texts))["type"] == "snapshot"
    assert refusal(f"{other}/api/jobs/{job_id}/events?ticket={got}") == 401
    assert refusal(f"{served.url}/api/jobs/{job_id}/events?ticket={got}") == 401


@pytest.mark.parametrize("shown", ["x", "x" * 43, "", "~", "x" * 200])
def test_what_is_no_ticket_opens_nothing(served: Served, shown: str) -> None:
    _, job_id = submit(served)
    assert refusal(f"{served.url}/api/jobs/{job_id}/events?ticket={shown}") in {400, 401}


def test_nobody_follows_everything(served: Served) -> None:
    assert refusal(f"{served.url}/api/events") == 401
    answer = httpx.post(f"{served.url}/api/tickets", json={})
    assert answer.status_code == 401
    assert answer.json()["code"] == "auth.required"


def test_a_private_job_is_followed_by_a_link_and_until_it_is_revoked(served: Served) -> None:
    asset_id, job_id = submit(served, Playback.PRIVATE)
    asked = httpx.post(f"{served.url}/api/tickets", json={"job_id": job_id})
    assert asked.status_code == 404
    assert refusal(f"{served.url}/api/jobs/{job_id}/events") == 404
    got = ticket(served.url, job_id, token_of(served, asset_id))

    with connect(f"{served.url}/api/jobs/{job_id}/events?ticket={got}") as texts:
        assert json.loads(next(texts))["type"] == "snapshot"
        viewing.revoke_links(served.pipeline.database, asset_id)
        began = monotonic()
        with pytest.raises(ConnectionLostError) as end:
            next(texts)

    assert end.value.code == 4401
    assert monotonic() - began < 5


def test_viewers_leave_owners_a_seat(served: Served) -> None:
    _, job_id = submit(served)
    path = f"{served.url}/api/jobs/{job_id}/events"
    with ExitStack() as stack:
        for _ in range(6):
            next(stack.enter_context(connect(path)))
        assert refusal(path) == 503
