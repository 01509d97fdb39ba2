"""Upload clients that others wrote, unmodified, against our door and against the reference."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tusclient.client import TusClient

from api.client import Client
from schemas.vocabulary import AssetState
from tests.support.doors import TUS_PATH, Door, OwnDoor, door_of, upload_status
from tests.support.house import House
from tests.support.js_client import js_argv, js_result, js_upload
from tests.support.padded import PaddedFilm, small_clip
from tests.support.product import ROOT
from tests.support.waiting import wait_until
from tests.support.wire import head

SIZE_BYTES = 3_000_000
CHUNK_BYTES = 400_000
ENDED = {AssetState.READY, AssetState.FAILED}


@pytest.fixture(scope="module", params=["reference", "embedded", "gunicorn"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """Whoever serves: the reference proves that the tests themselves are right."""
    with door_of(request.param) as door:
        yield door


@pytest.fixture(scope="module")
def own_door() -> Iterator[OwnDoor]:
    """For what the reference's file store does not do."""
    with OwnDoor() as door:
        yield door


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> PaddedFilm:
    return PaddedFilm(small_clip(tmp_path_factory.mktemp("clip")), SIZE_BYTES)


@pytest.fixture(scope="module")
def source(film: PaddedFilm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film.write(tmp_path_factory.mktemp("source") / "film.mp4")


def test_tus_js_client_uploads_in_one_request(door: Door, film: PaddedFilm, source: Path) -> None:
    done = js_upload(door.url, source, metadata={"filename": "영화.mp4", "filetype": "video/mp4"})

    assert done.error == ""
    assert (done.answers("POST"), done.answers("PATCH")) == ([201], [204])
    assert door.sha256(done.url) == film.sha256


def test_tus_js_client_goes_on_after_an_abort(door: Door, film: PaddedFilm, source: Path) -> None:
    done = js_upload(door.url, source, {"abortAt": SIZE_BYTES // 2}, chunkSize=CHUNK_BYTES)

    assert done.error == ""
    assert done.answers("HEAD") == [200]
    assert len(done.answers("PATCH")) == -(-SIZE_BYTES // CHUNK_BYTES)
    assert door.sha256(done.url) == film.sha256


def test_tus_js_client_sends_a_stream_of_unknown_length(
    door: Door, film: PaddedFilm, source: Path
) -> None:
    options = {"uploadLengthDeferred": True, "chunkSize": CHUNK_BYTES}
    done = js_upload(door.url, source, {"as": "stream"}, **options)

    assert done.error == ""
    assert door.sha256(done.url) == film.sha256


def test_tus_js_client_sends_data_with_the_creation(
    door: Door, film: PaddedFilm, source: Path
) -> None:
    options = {"uploadDataDuringCreation": True, "chunkSize": CHUNK_BYTES}
    done = js_upload(door.url, source, {"as": "buffer"}, **options)

    assert done.error == ""
    assert done.answers("POST") == [201]
    assert door.sha256(done.url) == film.sha256


def test_tus_js_client_takes_an_upload_back(door: Door, source: Path) -> None:
    how = {"abortAt": SIZE_BYTES // 2, "terminate": True}
    done = js_upload(door.url, source, how, chunkSize=CHUNK_BYTES)

    assert done.error == ""
    assert done.answers("DELETE") == [204]
    assert head(done.url).status in {404, 410}


def test_tus_js_client_outlives_a_killed_server(door: Door, film: PaddedFilm, source: Path) -> None:
    options = {"chunkSize": 40_000, "retryDelays": [100, 300, 1000, 1000, 1000, 1000, 1000, 1000]}
    argv = js_argv(door.url, source, {"talk": True}, **options)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as client:
        assert client.stdout is not None
        assert json.loads(client.stdout.readline()) == {"accepted": 40_000}
        door.kill()
        door.start()
        out, _ = client.communicate(timeout=60)

    done = js_result(out)
    assert done.error == ""
    assert done.retries >= 1
    assert door.sha256(done.url) == film.sha256


def test_tuspy_goes_on_from_an_address(door: Door, film: PaddedFilm, source: Path) -> None:
    client = TusClient(door.url)
    how = {"chunk_size": CHUNK_BYTES, "metadata": {"filename": "film.mp4"}}
    # Given a path it leaves files open.
    with source.open("rb") as file:
        first = client.uploader(file_stream=file, **how)
        first.upload(stop_at=CHUNK_BYTES)

        second = client.uploader(file_stream=file, url=first.url, **how)
        assert second.offset == CHUNK_BYTES
        second.upload()

    assert door.sha256(first.url) == film.sha256


def test_tuspy_proves_each_chunk_by_its_checksum(
    own_door: OwnDoor, film: PaddedFilm, source: Path
) -> None:
    with source.open("rb") as file:
        how = {"chunk_size": CHUNK_BYTES, "upload_checksum": True}
        upload = TusClient(own_door.url).uploader(file_stream=file, **how)
        upload.upload()

    assert own_door.sha256(upload.url) == film.sha256


def test_tus_js_client_overrides_the_method_where_a_proxy_forbids_it(
    own_door: OwnDoor, film: PaddedFilm, source: Path
) -> None:
    done = js_upload(own_door.url, source, overridePatchMethod=True, chunkSize=CHUNK_BYTES)

    assert done.error == ""
    assert done.answers("PATCH") == []
    assert own_door.sha256(done.url) == film.sha256


def test_tus_js_client_sends_parts_side_by_side(
    house: House, film: PaddedFilm, source: Path
) -> None:
    """A worker puts them together, so this needs a house with everything in it."""
    done = js_upload(house.url + TUS_PATH, source, parallelUploads=3)

    assert done.error == ""
    assert done.answers("POST") == [201] * 4
    asset_id = upload_status(done.url)["assetId"]
    with Client(house.url) as client:
        wait_until(lambda: client.asset(asset_id).state in ENDED, timeout_s=60)
        asset = client.asset(asset_id)
    assert asset.state == "ready", asset.error
    assert asset.sha256 == film.sha256
