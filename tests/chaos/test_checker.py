"""A checker that never complains proves nothing: here each law is broken once, by hand."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.events import Event, EventType
from schemas.vocabulary import JobState, TaskId
from tests.support.checker import Reference, check, check_boxes, check_history, check_outcome
from tests.support.fleet import Fleet
from tests.support.recipes import Recipes

E = EventType


def test_what_is_left_behind_is_seen(fleet: Fleet, recipes: Recipes, reference: Reference) -> None:
    fleet.add_scheduler()
    (box,) = fleet.add_workers(1)
    (order,) = fleet.submit(recipes.light)
    fleet.wait()
    history = check(fleet, reference)
    storage, below = fleet.pipeline.storage, f"assets/{order.asset_id}"

    for left in ("owners/dead/work/task1-1/00001.m4s", f"sources/{'0' * 64}.part"):
        with _file(box.scratch / left), _complaint("kept"):
            check_boxes(fleet)
    with subprocess.Popen(["sleep", "60"], cwd=box.folder) as orphan:
        with _complaint("still there"):
            check_boxes(fleet)
        orphan.kill()
    check_boxes(fleet)

    with _complaint("job is succeeded"):
        check_outcome(fleet, reference, history, expected={order: JobState.FAILED})
    light = reference["light"]
    wrong = {"light": {**light, "180p": light["90p"]}}
    with _complaint("180p shows something else"):
        check_outcome(fleet, wrong, history)
    with _complaint("happened"):
        check_outcome(fleet, reference, [*history, *history])
    storage.put_bytes(f"{below}/stray", b"x", content_type="x/y")
    with _complaint("nobody knows of"):
        check_outcome(fleet, reference, history)
    storage.delete_prefix(f"{below}/s")
    with _complaint("gone are"):
        check_outcome(fleet, reference, history)


@pytest.mark.parametrize(
    "told",
    [
        [(2, E.TASK_STARTED)],
        [(1, E.TASK_STARTED), (3, E.TASK_SUCCEEDED)],
        [(1, E.TASK_STARTED), (2, E.TASK_STARTED)],
        [(1, E.TASK_STARTED), (2, E.TASK_SUCCEEDED), (3, E.TASK_STARTED)],
        [(1, E.TASK_STARTED), (2, E.TASK_LOST), (3, E.TASK_SUCCEEDED)],
    ],
)
def test_an_illegal_history_is_seen(told: list[tuple[int, EventType]]) -> None:
    at = datetime.now(UTC)
    history = [Event(id=id_, type=type_, at=at, task_id=TaskId("t")) for id_, type_ in told]

    with pytest.raises(AssertionError):
        check_history(history)


def _complaint(said: str) -> "pytest.RaisesExc[AssertionError]":
    return pytest.raises(AssertionError, match=said)


@contextmanager
def _file(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    yield
    path.unlink()
    for folder in path.parents[:3]:
        if folder.name in {"dead", "work", "task1-1"}:
            folder.rmdir()
