"""The secret an installation makes for itself."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.core.errors import Conflict
from pipeline.settings import Settings
from pipeline.settings.secret import installation_secret


def test_a_set_one_is_taken_and_nothing_written(tmp_path: Path) -> None:
    assert installation_secret("x" * 32, tmp_path) == b"x" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_short_one_is_refused_and_not_shown() -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(secret="hunter2", _env_file=None)
    assert "hunter2" not in str(refusal.value)


def test_a_made_one_stays_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    first = installation_secret("", tmp_path / "data")
    (kept,) = (tmp_path / "data").iterdir()

    assert installation_secret("", tmp_path / "data") == first
    assert len(first) >= 32
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: installation_secret("", tmp_path), range(64)))

    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_one_that_was_cut_off_is_not_signed_with(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(Conflict):
        installation_secret("", tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Conflict):
        installation_secret("", tmp_path / "file")
