"""One task in trouble: frozen, poisonous, cancelled, deleted."""

from collections import Counter

import httpx
import psutil

from pipeline.core import keys
from pipeline.services import assets
from schemas.events import EventType
from schemas.vocabulary import JobState, TaskKind
from tests.support.checker import Reference, check, n_rows
from tests.support.fleet import Fleet, Order
from tests.support.recipes import Recipes
from tests.support.roles import Worker
from tests.support.waiting import wait_until

E = EventType
_CANCEL_WITHIN_S = 2.0


def test_a_worker_frozen_while_it_stores_publishes_nothing_when_it_wakes(
    fleet: Fleet, recipes: Recipes, reference: Reference
) -> None:
    # Patience with zombies must outlast them.
    fleet.add_scheduler(garbage_delay_s=600)
    (frozen,) = fleet.add_workers(1, slots=1)
    fleet.submit(recipes.light, 6)
    prefix = _freeze_while_storing(fleet, frozen)
    written = _stored(fleet, prefix)

    (rescuer,) = fleet.add_workers(1, slots=1)
    fleet.wait(timeout_s=180)
    rescued = {line["task_id"] for line in rescuer.said("task.finished")}
    frozen.resume()
    wait_until(lambda: bool(frozen.said("task.lost") or frozen.said("task.stopped")))
    # It is fit for work again.
    rescuer.stop()
    (more,) = fleet.submit(recipes.light)
    fleet.wait([more])
    rescuer.start()

    assert written
    assert prefix.split("/")[2].rpartition("-")[0] in rescued
    history = check(fleet, reference)
    assert not _stored(fleet, prefix)
    ends = Counter(e.task_id for e in history if e.type is E.TASK_SUCCEEDED)
    assert set(ends.values()) == {1}
    assert [event for event in history if event.type is E.TASK_LOST]


def _freeze_while_storing(fleet: Fleet, worker: Worker) -> str:
    """Freeze it with the objects of an encode half written; return their prefix."""
    found: list[str] = []

    def is_caught() -> bool:
        for prefix in _storing(fleet):
            worker.freeze_alone()
            if prefix in _storing(fleet):
                found.append(prefix)
                return True
            # It had been faster: the task was finished.
            worker.resume()
        return False

    wait_until(is_caught, timeout_s=120)
    return found[0]


def _storing(fleet: Fleet) -> list[str]:
    """Prefixes of running encodes that have stored something."""
    with fleet.pipeline.database.read() as tx:
        running = [tx.tasks.get(task_id) for task_id, _, _ in tx.tasks.running_by(None)]
    prefixes = [
        keys.attempt_prefix(task.asset_id, task.id, task.epoch)
        for task in running
        if task is not None and task.kind is TaskKind.ENCODE
    ]
    return [prefix for prefix in prefixes if _stored(fleet, prefix)]


def _stored(fleet: Fleet, prefix: str) -> list[str]:
    return [found.key for found in fleet.pipeline.storage.list(prefix)]


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
        if task.chunk == 1 and owner is not None and owner.is_running:
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
