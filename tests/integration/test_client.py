"""Our client and command line against servers that refuse, or are none of ours."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask

from api.client import ApiError, Client
from compose.cli.app import run
from compose.cli.exits import Exit
from schemas.vocabulary import JobId
from tests.support.house import reelmill
from tests.support.served import Served, running, serving


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("api")) as served:
        yield served


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    app = Flask("stranger")

    @app.route("/", defaults={"path": ""})
    @app.route("/<path:path>")
    def hello(path: str) -> str:
        return f"<p>{path}"

    with running(app) as server:
        yield server.url


def test_a_file_whose_job_is_refused_is_not_left_on_the_server(api: Served, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")

    ended = reelmill("submit", film, "--profile", "none", "--json", "--server", api.url)

    [entry] = ended.json
    assert ended.code == Exit.REFUSED
    assert entry["error"]["code"] == "profile.unknown"
    assert entry["asset_id"] is None
    assert api.client.assets().items == ()


def test_a_file_name_that_is_no_text_is_handed_in(api: Served, tmp_path: Path) -> None:
    film = tmp_path / os.fsdecode(b"film\xff.mp4")
    film.write_bytes(b"film")

    asset = api.client.upload(film)

    assert asset.filename == "film\N{REPLACEMENT CHARACTER}.mp4"
    api.client.delete_asset(asset.id)


def test_a_file_name_that_is_no_text_is_shown(
    api: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / os.fsdecode(b"film\xff.mp4")

    assert run(["submit", str(missing), "--server", api.url]) == Exit.REFUSED

    assert "film\N{REPLACEMENT CHARACTER}.mp4 cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["jobs", "list"], ["jobs", "watch", "a"], ["workers"]])
def test_another_server_is_told_apart(
    arguments: list[str], stranger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, "--server", stranger]) == Exit.UNREACHABLE

    told = capsys.readouterr().err
    assert "is not this version of Reelmill" in told
    assert "ValidationError" not in told


def test_a_websocket_to_a_server_without_tls_is_no_answer(api: Served) -> None:
    with Client(api.url.replace("http:", "https:")) as client, pytest.raises(ApiError) as refusal:
        next(client.watch(JobId("a")))

    assert refusal.value.problem.code == "api.unreachable"


def test_a_pipe_is_handed_in(api: Served, tmp_path: Path) -> None:
    pipe = tmp_path / "film.mp4"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(b"film" * 100_000,))
    writer.start()

    asset = api.client.upload(pipe)

    writer.join()
    assert asset.size_bytes == 400_000
    api.client.delete_asset(asset.id)


def test_a_file_that_grows_meanwhile_is_not_blamed_on_the_server(
    api: Served, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film" * 100_000)

    def grow(_n_bytes: int) -> None:
        with film.open("ab") as file:
            file.write(b"more" * 1000)

    with pytest.raises(OSError, match="changes while it is sent"):
        api.client.upload(film, grow)
    assert api.client.assets().items == ()
