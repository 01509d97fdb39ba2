"""One process per data folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compose import folder
from pipeline.core.errors import Conflict


def test_a_second_holder_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with folder.held(tmp_path), pytest.raises(Conflict) as refused, folder.held(tmp_path):
        pass

    assert refused.value.instance_code == "data_dir.in_use"
    assert f"pid {os.getpid()}" in refused.value.detail
    assert "--data" in refused.value.remedy


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with folder.held(tmp_path / "new" / "data"):
        pass

    with folder.held(tmp_path / "new" / "data"):
        pass


def test_a_killed_holder_leaves_the_folder_free(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from compose import folder\n"
        "with folder.held(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Conflict), folder.held(tmp_path):
            pass
        holder.kill()

    with folder.held(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_a_coded_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Conflict) as refused, folder.held(tmp_path / "file" / "data"):
        pass

    assert refused.value.instance_code == "data_dir.unusable"


def test_a_new_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    with folder.held(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
