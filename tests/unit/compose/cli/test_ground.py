"""Commands on the database itself."""

from pathlib import Path

import pytest

from compose.cli.app import run
from compose.cli.exits import Exit


def test_a_folder_that_was_not_there_is_told_of_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REELMILL_DATABASE_URL", raising=False)
    data = tmp_path / "new"

    assert run(["account", "list", "--data", str(data)]) == Exit.OK
    assert f"Making a new data folder: {data}" in capsys.readouterr().err

    assert run(["account", "list", "--data", str(data)]) == Exit.OK
    assert capsys.readouterr().err == ""
