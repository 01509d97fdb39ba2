"""Our client's uploads against the server others use: killed, silent, or refusing."""

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.client import ApiError
from api.client.sending import Sender
from api.client.sources import FileSource, PipeSource
from tests.support.doors import Door, ReferenceDoor
from tests.support.padded import PaddedFilm, small_clip

SIZE_BYTES = 3_000_000


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with ReferenceDoor() as door:
        yield door


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> PaddedFilm:
    return PaddedFilm(small_clip(tmp_path_factory.mktemp("clip")), SIZE_BYTES)


@pytest.fixture
def path(film: PaddedFilm, tmp_path: Path) -> Path:
    return film.write(tmp_path / "film.mp4")


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as http:
        yield http


def test_a_file_arrives_and_the_way_is_told(
    door: Door, http: httpx.Client, film: PaddedFilm, path: Path
) -> None:
    told: list[int] = []
    sender = Sender(http, door.base_url, told.append)
    with path.open("rb") as file:
        address = sender.create(SIZE_BYTES, {"filename": "film.mp4"})
        sender.send(address, FileSource(file))

    assert door.sha256(address) == film.sha256
    assert told == sorted(told)
    assert told[-1] == SIZE_BYTES
    assert len(told) > 10


def test_a_server_killed_in_between_costs_a_pause(
    door: Door, http: httpx.Client, film: PaddedFilm, path: Path
) -> None:
    kills: list[int] = []

    def kill_once(offset_bytes: int) -> None:
        if offset_bytes > SIZE_BYTES // 2 and not kills:
            kills.append(offset_bytes)
            door.kill()
            door.start()

    sender = Sender(http, door.base_url, kill_once)
    with path.open("rb") as file:
        address = sender.create(SIZE_BYTES, {})
        sender.send(address, FileSource(file))

    assert kills
    assert door.sha256(address) == film.sha256


def test_a_pipe_is_sent_without_knowing_its_length(
    door: Door, http: httpx.Client, film: PaddedFilm, path: Path
) -> None:
    with subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE) as cat:
        assert cat.stdout is not None
        sender = Sender(http, door.base_url, lambda _: None)
        address = sender.create(None, {})
        sender.send(address, PipeSource(cat.stdout))

    assert door.sha256(address) == film.sha256


def test_an_empty_pipe_comes_to_its_end(door: Door, http: httpx.Client) -> None:
    sender = Sender(http, door.base_url, lambda _: None)
    address = sender.create(None, {})
    sender.send(address, PipeSource(io.BytesIO()))

    assert http.head(address, headers={"Tus-Resumable": "1.0.0"}).headers["Upload-Length"] == "0"


def test_an_earlier_upload_is_found_as_far_as_it_came(
    door: Door, http: httpx.Client, film: PaddedFilm, path: Path
) -> None:
    sender = Sender(http, door.base_url, lambda _: None)
    address = sender.create(SIZE_BYTES, {})
    half = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    half["Content-Type"] = "application/offset+octet-stream"
    http.patch(address, headers=half, content=film.read(0, 1_000_000))

    assert sender.find(address) == 1_000_000
    with path.open("rb") as file:
        sender.send(address, FileSource(file), 1_000_000)
    assert door.sha256(address) == film.sha256
    sender.terminate(address)
    assert sender.find(address) is None


def test_patience_ends(door: Door, http: httpx.Client, path: Path) -> None:
    sender = Sender(http, door.base_url, lambda _: None, patience_s=0.5)
    address = sender.create(SIZE_BYTES, {})
    door.kill()
    try:
        with path.open("rb") as file, pytest.raises(ApiError) as end:
            sender.send(address, FileSource(file))
    finally:
        door.start()

    assert end.value.problem.code == "api.unreachable"


def test_what_is_refused_is_not_tried_again(
    door: Door, http: httpx.Client, film: PaddedFilm, path: Path
) -> None:
    sender = Sender(http, door.base_url, lambda _: None)
    address = sender.create(10, {})

    with path.open("rb") as file, pytest.raises(ApiError) as end:
        sender.send(address, FileSource(file))

    assert end.value.problem.status in {400, 413}
