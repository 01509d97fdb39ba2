"""What a child may open, as rules; that they hold is tried with real children."""

import struct
import sys
from pathlib import Path

import pytest

from workers.ffmpeg.cage import Cage
from workers.ffmpeg.confinement.files import rules, ruleset

EXECUTE, WRITE, READ, MAKE_SYM, TRUNCATE, IOCTL = 1, 2, 4, 1 << 12, 1 << 14, 1 << 15


@pytest.mark.parametrize(
    ("abi", "n_fields", "refuses"),
    [(1, 1, MAKE_SYM), (3, 1, TRUNCATE), (4, 2, TRUNCATE), (5, 2, IOCTL), (7, 3, IOCTL)],
)
def test_each_version_is_asked_for_all_it_knows(abi: int, n_fields: int, refuses: int) -> None:
    attributes, handled = ruleset(abi)

    fields = struct.unpack(f"<{n_fields}Q", attributes)
    assert fields[0] == handled
    assert handled & refuses
    assert handled < 2 * refuses
    assert fields[1:] == (3, 3)[: n_fields - 1]


def test_inputs_are_read_and_only_the_scratch_folder_is_written(tmp_path: Path) -> None:
    granted = dict(rules(sys.executable, Cage(tmp_path / "scratch", (tmp_path / "source",))))

    assert granted[str(tmp_path / "source")] & (READ | WRITE | EXECUTE) == READ
    writable = {path for path, rights in granted.items() if rights & WRITE}
    assert writable == {str(tmp_path / "scratch"), "/dev/null"}
    assert not granted[str(tmp_path / "scratch")] & (EXECUTE | MAKE_SYM)


def test_nothing_is_executed_but_the_program_and_its_loader() -> None:
    granted = rules(sys.executable, Cage(None))

    executed = [path for path, rights in granted if rights & EXECUTE]
    assert executed[0] == sys.executable
    assert all("/ld-" in path for path in executed[1:])


def test_a_script_brings_its_shell(tmp_path: Path) -> None:
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\nexec true\n", encoding="ascii")

    granted = dict(rules(str(script), Cage(None)))

    assert granted["/bin/sh"] & EXECUTE


def test_relative_paths_are_taken_from_where_the_worker_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    granted = dict(rules(sys.executable, Cage(Path("scratch"), (Path("source"),))))

    assert {str(tmp_path / "scratch"), str(tmp_path / "source")} <= set(granted)


def test_libraries_beside_a_program_are_read_and_its_neighbours_are_not(tmp_path: Path) -> None:
    for name in ("ffmpeg", "libx.so.1", "secret"):
        (tmp_path / name).touch()

    granted = dict(rules(str(tmp_path / "ffmpeg"), Cage(None)))

    assert granted[str(tmp_path / "libx.so.1")] & READ
    assert str(tmp_path) not in granted
    assert str(tmp_path / "secret") not in granted
