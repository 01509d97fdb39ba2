"""Who may import whom, what files are called, where everything may be caught."""

import ast
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from tests.support.product import ROOMS, ROOT, modules, named, tree

#: A file is named for the one thing it answers; these answer nothing.
EMPTY_NAMES = {"utils", "helpers", "common", "base", "manager", "misc", "models"}
#: The edges where anything may be caught: it is logged or told, and the next piece of work goes on.
EDGES = {
    "ingest/rtmp/beat.py",
    # What carries, takes up and pushes on for all publishers of a door.
    "ingest/rtmp/spool/shipping.py",
    "ingest/rtmp/taking_up.py",
    "ingest/rtmp/restream/restreamer.py",
    # The loops of relay, sweeper and housekeeping.
    "compose/scheduler.py",
    # One task's attempt.
    "workers/slot.py",
    # The beat that keeps all leases of a process.
    "workers/heart.py",
}


def test_every_import_goes_the_allowed_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    assert lint_imports(cache_dir=None) == 0


@pytest.mark.parametrize("room", ROOMS)
def test_a_rooms_name_is_ours_alone(room: str) -> None:
    spec = find_spec(room)

    assert spec is not None
    assert spec.origin == str(ROOT / room / "__init__.py")
    assert set(packages_distributions().get(room, [])) <= {"reelmill"}


def test_files_are_named_for_what_they_answer() -> None:
    assert [named(path) for path in modules() if path.stem in EMPTY_NAMES] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [named(path) for path in modules() if not ast.get_docstring(tree(path))] == []


def test_only_the_edges_catch_everything() -> None:
    catching = {named(path) for path in modules() if _catches_everything(path)}

    assert catching <= EDGES


def test_nothing_of_the_workshop_is_in_the_product() -> None:
    assert not (ROOT / "uv.lock").exists() or "uv.lock" in (ROOT / ".gitignore").read_text()
    for lock in ROOT.glob("requirements*.lock"):
        assert "://" not in lock.read_text(), lock.name
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


def _catches_everything(path: Path) -> bool:
    return any(
        isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _goes_on_raising(node)
        for node in ast.walk(tree(path))
    )


def _is_broad(handler: ast.ExceptHandler) -> bool:
    names = ast.walk(handler.type or ast.Name(id="Exception"))
    return any(
        isinstance(name, ast.Name) and name.id in {"Exception", "BaseException"} for name in names
    )


def _goes_on_raising(handler: ast.ExceptHandler) -> bool:
    """Tidying up on the way of an error is not catching it."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None
