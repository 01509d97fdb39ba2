import os
import time
from pathlib import Path

import pytest

from compose.cli.unfinished import Unfinished, fingerprint
from pipeline.settings import UserFolders

SERVER = "http://127.0.0.1:8080"
WISHES = {"profile": "default"}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film")
    os.utime(path, ns=(10**18, 10**18))
    return path


def test_a_file_is_known_again_wherever_one_stands(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = fingerprint(SERVER, film, WISHES)
    monkeypatch.chdir(film.parent)

    assert fingerprint(SERVER, Path(film.name), WISHES) == known
    assert fingerprint("http://127.0.0.1:8081", film, WISHES) != known
    assert fingerprint(SERVER, film, {"profile": "fast"}) != known


def test_a_file_that_was_changed_is_another(film: Path) -> None:
    known = fingerprint(SERVER, film, WISHES)
    film.write_bytes(b"mlif")
    touched = fingerprint(SERVER, film, WISHES)
    os.utime(film, ns=(10**18, 10**18))

    assert touched != known
    assert fingerprint(SERVER, film, WISHES) == known
    with film.open("ab") as file:
        file.write(b"more")
    os.utime(film, ns=(10**18, 10**18))
    assert fingerprint(SERVER, film, WISHES) != known


def test_an_address_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "uploads"
    Unfinished(folder).note("a", "http://one")
    Unfinished(folder).note("a", "http://two")

    assert Unfinished(folder).address("a") == "http://two"
    assert Unfinished(folder).address("b") is None
    assert [path.name for path in folder.iterdir()] == ["a"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "a").stat().st_mode & 0o777 == 0o600
    Unfinished(folder).forget("a")
    assert Unfinished(folder).address("a") is None


def test_what_lies_there_for_months_goes(tmp_path: Path) -> None:
    unfinished = Unfinished(tmp_path)
    unfinished.note("old", "http://old")
    long_ago_s = time.time() - 31 * 86_400
    os.utime(tmp_path / "old", (long_ago_s, long_ago_s))

    unfinished.note("new", "http://new")

    assert unfinished.address("old") is None
    assert unfinished.address("new") == "http://new"


def test_a_folder_that_cannot_be_is_no_reason_not_to_upload(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    unfinished = Unfinished(tmp_path / "file" / "uploads")

    unfinished.note("a", "http://one")
    unfinished.forget("a")

    assert unfinished.address("a") is None


def test_the_folder_is_the_users_own() -> None:
    given = UserFolders(xdg_state_home="/state", home="/home/u")
    relative = UserFolders(xdg_state_home="state", home="/home/u")

    assert given.state == Path("/state/reelmill")
    assert relative.state == Path("/home/u/.local/state/reelmill")
