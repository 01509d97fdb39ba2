"""``reelmill submit`` over interruptions: of itself, and of the server."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from compose.cli.exits import Exit
from tests.support.doors import OwnDoor, upload_status
from tests.support.house import REELMILL, reelmill
from tests.support.padded import PaddedFilm, small_clip
from tests.support.product import ROOT
from tests.support.waiting import wait_until
from tests.support.wire import WireError, head

SIZE_BYTES = 400_000_000


@pytest.fixture(scope="module")
def door() -> Iterator[OwnDoor]:
    with OwnDoor() as door:
        yield door


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> PaddedFilm:
    return PaddedFilm(small_clip(tmp_path_factory.mktemp("clip")), SIZE_BYTES)


@pytest.fixture(scope="module")
def path(film: PaddedFilm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film.write(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Where the command line remembers what is unfinished."""
    return tmp_path / "reelmill" / "uploads"


@contextmanager
def submitting(path: Path, url: str, notes: Path) -> Iterator["subprocess.Popen[str]"]:
    """Hand a file in; the block begins when bytes of it have arrived, with the sender stopped."""
    state = f"XDG_STATE_HOME={notes.parents[1]}"
    argv = ["env", state, *REELMILL, "submit", str(path), "--json", "--server", url]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: has_begun(process, notes), timeout_s=60)
            yield process
        finally:
            process.kill()


def has_begun(process: "subprocess.Popen[str]", notes: Path) -> bool:
    """Stop the sender where bytes have arrived: a fast box would be through meanwhile."""
    found = noted(notes)
    if not found:
        return False
    process.send_signal(signal.SIGSTOP)
    try:
        if head(found[0]).offset_bytes > 0:
            return True
    except (OSError, WireError):
        pass
    process.send_signal(signal.SIGCONT)
    return False


def noted(notes: Path) -> list[str]:
    """List the addresses of uploads that are not complete."""
    return [note.read_text().strip() for note in notes.glob("[!.]*")]


def submit(path: Path, url: str, notes: Path) -> dict[str, object]:
    ended = reelmill("submit", path, "--json", "--server", url, state=notes.parents[1])
    assert ended.code == Exit.OK, ended.err
    [entry] = ended.json
    return dict(entry)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_run_again_it_goes_on_where_it_was_stopped(
    number: signal.Signals, door: OwnDoor, film: PaddedFilm, path: Path, notes: Path
) -> None:
    with submitting(path, door.base_url, notes) as process:
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        code = process.wait(20)
    [location] = noted(notes)
    kept_bytes = head(location).offset_bytes

    entry = submit(path, door.base_url, notes)

    assert code == (Exit.INTERRUPTED if number is signal.SIGINT else -signal.SIGKILL)
    assert 0 < kept_bytes < SIZE_BYTES
    assert upload_status(location)["assetId"] == entry["asset_id"]
    assert entry["job_id"]
    assert door.sha256(location) == film.sha256
    assert noted(notes) == []


def test_a_server_killed_in_between_is_waited_for(
    door: OwnDoor, film: PaddedFilm, path: Path, notes: Path
) -> None:
    with submitting(path, door.base_url, notes) as process:
        [location] = noted(notes)
        door.kill()
        door.start()
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate(timeout=120)

    assert process.returncode == Exit.OK
    assert upload_status(location)["assetId"] == json.loads(out)[0]["asset_id"]
    assert door.sha256(location) == film.sha256
    assert noted(notes) == []


def test_an_upload_the_server_has_forgotten_begins_anew(
    door: OwnDoor, path: Path, notes: Path
) -> None:
    with submitting(path, door.base_url, notes) as process:
        process.kill()
    [note] = notes.glob("[!.]*")
    first = note.read_text()
    note.write_text(first.replace(first.strip()[-8:], "00000000"))

    entry = submit(path, door.base_url, notes)

    assert entry["job_id"]
    assert noted(notes) == []


def test_an_unknown_profile_is_refused_before_any_byte_is_sent(
    door: OwnDoor, path: Path, notes: Path
) -> None:
    ended = reelmill(
        *("submit", path, "--profile", "nope", "--json", "--server", door.base_url),
        state=notes.parents[1],
    )

    assert ended.code == Exit.REFUSED
    assert ended.json[0]["error"]["code"] == "profile.unknown"
    assert not notes.exists()


def test_a_pipe_is_handed_in(door: OwnDoor, film: PaddedFilm, notes: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "film.mp4"
    os.mkfifo(pipe)
    data = film.read(0, 20_000_000)
    writer = Thread(target=pipe.write_bytes, args=(data,))
    writer.start()

    entry = submit(pipe, door.base_url, notes)

    writer.join()
    assert entry["job_id"]
    assert not notes.exists()
