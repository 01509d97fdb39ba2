"""Profiles written over HTTP: several API processes, jobs, workers, and what is refused."""

import base64
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.client import ApiError, Client
from pipeline.profiles import built_in
from pipeline.services import fleet
from schemas.http import JobRequest
from schemas.vocabulary import QueueName, WorkerId
from schemas.workers import Capabilities, EncoderAbility
from tests.support.clips import Clips
from tests.support.served import Served, running, serving


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "house.yaml").write_text("extends: default\ncrf: 20\n")
    with serving(tmp_path_factory.mktemp("data"), profiles_dir=folder) as served:
        yield served


@pytest.fixture
def name() -> str:
    return f"p{uuid.uuid4().hex[:12]}"


def post(api: Served, **body: object) -> httpx.Response:
    return httpx.post(f"{api.url}/api/profiles", json=body)


def test_a_profile_is_added_and_jobs_keep_what_it_said(api: Served, name: str) -> None:
    wished = {"extends": "house", "segment_s": 2, "audio": {"bitrate_bps": 96_000}}
    made = post(api, name=name, **wished)
    asset_id = httpx.post(f"{api.url}/api/assets", content=b"film").json()["id"]
    job = api.client.submit(JobRequest(asset_id=asset_id, profile=name))

    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/profiles/{name}"
    profile = api.client.profile(name)
    assert (profile.segment_s, profile.crf, profile.audio.bitrate_bps) == (2, 20, 96_000)
    assert profile.ladder == built_in().get("default").ladder
    assert profile in api.client.profiles()
    api.client.put_profile(name, {"extends": name, "segment_s": 4})
    api.client.delete_profile(name)
    with api.pipeline.database.read() as tx:
        row = tx.jobs.get(job.id)
    assert row is not None
    assert row.profile == profile


def test_another_process_sees_a_change_at_once(api: Served, name: str) -> None:
    with running(create_app(api.pipeline)) as other, Client(other.url) as client:
        client.put_profile(name, {"extends": "fast", "crf": 30})
        assert api.client.profile(name).crf == 30
        api.client.put_profile(name, {"extends": name, "crf": 31})
        assert client.profile(name).crf == 31
        client.delete_profile(name)
    with pytest.raises(ApiError):
        api.client.profile(name)


def test_a_change_is_for_what_was_seen(api: Served, name: str) -> None:
    url = f"{api.url}/api/profiles/{name}"
    body = {"extends": "default"}
    first = httpx.put(url, json=body, headers={"If-None-Match": "*"})
    etag = first.headers["ETag"]
    taken = httpx.put(url, json=body, headers={"If-None-Match": "*"})
    changed = httpx.put(url, json=body | {"crf": 30}, headers={"If-Match": etag})
    late = httpx.put(url, json=body, headers={"If-Match": etag})
    too_late = httpx.delete(url, headers={"If-Match": etag})
    known = httpx.get(url, headers={"If-None-Match": changed.headers["ETag"]})
    gone = httpx.delete(url, headers={"If-Match": changed.headers["ETag"]})
    never = httpx.put(url, json=body, headers={"If-Match": "*"})

    assert (first.status_code, changed.status_code, gone.status_code) == (201, 200, 204)
    assert {one.status_code for one in (taken, late, too_late, never)} == {412}
    assert known.status_code == 304


def test_what_extends_another_stays_when_that_one_goes(api: Served, name: str) -> None:
    post(api, name=f"{name}-base", extends="fast", crf=33)
    post(api, name=name, extends=f"{name}-base", segment_s=2)
    api.client.delete_profile(f"{name}-base")

    assert (api.client.profile(name).crf, api.client.profile(name).segment_s) == (33, 2)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("taken", ["default", "house"])
def test_what_is_a_file_is_read_only(api: Served, method: str, taken: str) -> None:
    answer = httpx.request(method, f"{api.url}/api/profiles/{taken}", json={"extends": "fast"})

    assert (answer.status_code, answer.json()["code"]) == (409, "profile.read_only")


def test_a_name_is_taken_once(api: Served, name: str) -> None:
    keyed = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"name": name, "extends": "fast"}

    first = httpx.post(f"{api.url}/api/profiles", json=body, headers=keyed)
    again = httpx.post(f"{api.url}/api/profiles", json=body, headers=keyed)
    other = post(api, **body)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert (other.status_code, other.json()["code"]) == (409, "profile.exists")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "profile.invalid"),
        ({"extends": "nothing"}, "profile.unknown"),
        ({"extends": "../default"}, "request.invalid"),
        ({"extends": "default", "crf": 99}, "request.invalid"),
        ({"extends": "default", "crf": "20"}, "request.invalid"),
        ({"extends": "default", "crf": None}, "request.invalid"),
        ({"extends": "default", "keyframe_interval_s": 3}, "profile.invalid"),
        ({"extends": "default", "watermark": {"file": "/etc/passwd"}}, "request.invalid"),
        ({"extends": "default", "watermark": {"png_base64": "AAAA"}}, "request.invalid"),
        ({"extends": "default", "description": "x" * 301}, "request.invalid"),
        ({"extends": "default", "description": "\0"}, "request.invalid"),
        (
            {"ladder": [{"name": "a", "height_px": 90, "bitrate_bps": 10_000}] * 2},
            "profile.invalid",
        ),
        ({"extends": "default", "surprise": 1}, "request.invalid"),
    ],
)
def test_what_is_no_profile_is_refused(
    api: Served, name: str, body: dict[str, object], code: str
) -> None:
    answer = httpx.put(f"{api.url}/api/profiles/{name}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("odd", ["", "A", "-a", "a" * 65, "a/b", "a\n", "ä"])
def test_an_odd_name_is_refused(api: Served, odd: str) -> None:
    answer = post(api, name=odd, extends="default")

    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")


def test_a_body_is_bounded(api: Served, name: str) -> None:
    answer = httpx.put(f"{api.url}/api/profiles/{name}", json={"description": "x" * 300_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


def test_a_watermark_comes_with_its_bytes(api: Served, name: str, tmp_path: Path) -> None:
    picture = ["-f", "lavfi", "-i", "color=red:s=8x4", "-frames:v", "1"]
    Clips(tmp_path).run([*picture, str(tmp_path / "logo.png")])
    png = base64.b64encode((tmp_path / "logo.png").read_bytes()).decode()

    profile = api.client.put_profile(name, {"extends": "fast", "watermark": {"png_base64": png}})

    assert profile.watermark is not None
    assert profile.watermark.png_base64 == png


def test_what_no_worker_encodes_is_refused_once_one_is_there(api: Served, name: str) -> None:
    able = Capabilities(
        ffmpeg_version="9",
        encoder_build="b",
        encoders=(EncoderAbility(name="libx264", is_gpu=False),),
        n_cores=1,
        scratch_free_bytes=1,
    )
    assert post(api, name=name, extends="av1").status_code == 201
    worker = WorkerId("w")
    fleet.register(api.pipeline.database, worker, "here", (QueueName.ENCODE_CPU,), 1, able)
    refused = post(api, name=f"{name}-2", extends="av1")
    put = httpx.put(f"{api.url}/api/profiles/{name}", json={"extends": "av1"})
    fleet.leave(api.pipeline.database, worker)

    assert (refused.status_code, refused.json()["code"]) == (409, "profile.not_encodable")
    assert put.status_code == 409
