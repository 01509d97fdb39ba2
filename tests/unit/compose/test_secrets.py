"""The passwords of the Docker stack."""

from pathlib import Path

from compose import secrets


def test_all_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    path = tmp_path / ".env"

    added = secrets.fill(path)

    first = path.read_text()
    assert added == list(secrets.NAMES)
    assert path.stat().st_mode & 0o777 == 0o600
    assert secrets.fill(path) == []
    assert path.read_text() == first


def test_what_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("POSTGRES_PASSWORD=mine")

    added = secrets.fill(path)

    assert "POSTGRES_PASSWORD" not in added
    assert path.read_text().splitlines()[0] == "POSTGRES_PASSWORD=mine"


def test_no_two_are_alike(tmp_path: Path) -> None:
    secrets.fill(tmp_path / ".env")

    values = [line.split("=")[1] for line in (tmp_path / ".env").read_text().splitlines()]
    assert len(set(values)) == len(secrets.NAMES)
    assert all(len(value) >= 32 for value in values)
