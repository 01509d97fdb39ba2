"""The key of a house in its data folder."""

from pathlib import Path

import pytest

from compose import house_key
from compose.house_key import HouseKey

KEPT = HouseKey("http://127.0.0.1:8080", "rmk_x")


def test_it_is_kept_for_its_owner_alone_and_found_again(tmp_path: Path) -> None:
    house_key.keep(tmp_path, HouseKey("http://127.0.0.1:1", "before"))
    house_key.keep(tmp_path, KEPT)

    assert house_key.find(tmp_path) == KEPT
    assert [path.name for path in tmp_path.iterdir()] == ["cli.key"]
    assert (tmp_path / "cli.key").stat().st_mode & 0o777 == 0o600
    assert "rmk_x" not in repr(KEPT)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"url": 1}', "\xff", "x" * 99])
def test_a_file_that_is_none_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "cli.key").write_text(text, "latin-1")

    assert house_key.find(tmp_path) is None
    assert house_key.find(tmp_path / "nowhere") is None


def test_it_is_for_one_server_by_any_name_of_this_box() -> None:
    for same in ("http://127.0.0.1:8080", "http://localhost:8080/", "http://[::1]:8080"):
        assert KEPT.is_for(same)
    for other in (
        "http://127.0.0.1:8081",
        "https://127.0.0.1:8080",
        "http://127.0.0.1.evil.example:8080",
        "http://evil.example:8080",
        "http://127.0.0.1",
    ):
        assert not KEPT.is_for(other)
