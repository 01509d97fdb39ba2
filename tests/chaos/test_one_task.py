"""One task in trouble: frozen, poisonous, cancelled, deleted."""

from collections import Counter

import httpx
import psutil

from pipeline.services import assets
from schemas.events import EventType
from schemas.vocabulary import JobState, TaskKind
from tests.chaos.conftest import Recipes
from tests.support.checker import Reference, check, n_rows
from tests.support.fleet import Fleet, Order
from tests.support.roles import Worker
from tests.support.waiting import wait_until

E = EventType
_CANCEL_WITHIN_S = 2.0


def test_a_frozen_worker_wakes_and_publishes_nothing(
    fleet: Fleet, recipes: Recipes, reference: Reference
) -> None:
    fleet.add_scheduler()
    workers = fleet.add_workers(2, slots=1)
    (heavy,) = fleet.submit(recipes.heavy)
    task = fleet.wait_for_encode(heavy)
    frozen = fleet.owner_of(task)
    assert frozen is not None

    # Its ffmpeg goes on and ends: on waking, the worker has all it needs to store and finish.
    frozen.freeze_alone()
    fleet.wait(timeout_s=180)
    wait_until(lambda: not frozen.children(), timeout_s=60)
    frozen.resume()
    wait_until(lambda: bool(frozen.said("task.lost") or frozen.said("task.stopped")))

    (more,) = fleet.submit(recipes.light)
    fleet.wait([more])
    history = check(fleet, reference)
    ends = Counter(e.task_id for e in history if e.type is E.TASK_SUCCEEDED)
    assert set(ends.values()) == {1}
    lost = [event for event in history if event.type is E.TASK_LOST]
    assert lost
    assert len(workers) == 2


def test_a_task_that_always_kills_its_worker_fails_at_its_cap(
    fleet: Fleet, recipes: Recipes, reference: Reference
) -> None:
    fleet.add_scheduler()
    fleet.add_workers(2, slots=1)
    (poison,) = fleet.submit(recipes.heavy, max_lost=3)
    others = fleet.submit(recipes.light, 3)

    fleet.wait(meanwhile=lambda: _kill_owner(fleet, poison))

    job = fleet.show(poison)
    assert job.error is not None
    assert job.error.code == "work.worker_lost"
    history = check(fleet, reference, expected={poison: JobState.FAILED})
    starts = Counter(e.task_id for e in history if e.type is E.TASK_STARTED)
    (task,) = [task for task in job.tasks if task.kind is TaskKind.ENCODE and task.chunk == 1]
    assert starts[task.id] == 3
    ended = {e.job_id for e in history if e.type is E.JOB_SUCCEEDED}
    assert ended == {order.job_id for order in others}


def _kill_owner(fleet: Fleet, poison: Order) -> None:
    """Be the poison: its second chunk kills whoever runs it."""
    for task in fleet.running(poison, TaskKind.ENCODE):
        owner = fleet.owner_of(task)
        if task.chunk == 1 and owner is not None:
            owner.power_off()
            owner.launch()


def test_a_cancel_kills_ffmpeg_within_two_seconds(
    fleet: Fleet, recipes: Recipes, reference: Reference
) -> None:
    fleet.add_scheduler()
    # The heartbeat brings the cancel: as slow as it is by default.
    fleet.add_workers(1, heartbeat_s=1.0)
    api = fleet.add_api()
    (cancelled,) = fleet.submit(recipes.heavy)
    task = fleet.wait_for_encode(cancelled)
    owner = fleet.owner_of(task)
    assert owner is not None
    running = owner.children()

    answer = httpx.post(f"{api.url}/api/jobs/{cancelled.job_id}/cancel", timeout=10)
    _, alive = psutil.wait_procs(running, timeout=_CANCEL_WITHIN_S)

    assert answer.is_success
    assert not alive
    (other,) = fleet.submit(recipes.light)
    fleet.wait([other])
    check(fleet, reference, expected={cancelled: JobState.CANCELLED})


def test_an_asset_deleted_while_it_is_encoded_leaves_nothing(
    fleet: Fleet, recipes: Recipes, reference: Reference
) -> None:
    fleet.add_scheduler()
    fleet.add_workers(1)
    (deleted,) = fleet.submit(recipes.heavy)
    owner = fleet.owner_of(fleet.wait_for_encode(deleted))
    assert owner is not None
    running = owner.children()

    assets.delete(fleet.pipeline.database, deleted.asset_id)
    _, alive = psutil.wait_procs(running, timeout=_CANCEL_WITHIN_S)

    assert not alive
    (other,) = fleet.submit(recipes.light)
    fleet.wait([other])
    _wait_until_idle(owner)
    check(fleet, reference, deleted=[deleted])
    assert n_rows(fleet, deleted) == 0


def _wait_until_idle(worker: Worker) -> None:
    wait_until(lambda: not worker.children(), timeout_s=10)
    assert worker.is_running
