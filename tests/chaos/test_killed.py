"""Processes of ours that die, one by one or all at once."""

import random
import time
from collections import Counter
from contextlib import suppress

import psutil
import pytest

from schemas.events import EventType
from tests.support.checker import Reference, check
from tests.support.fleet import Fleet
from tests.support.recipes import Recipes

E = EventType
_KILL_EVERY_S = 3.0
_LONGEST_STOP_S = 10.0


class Killer:
    """Called all the time, kills a box now and then; a supervisor starts it again."""

    def __init__(self, fleet: Fleet, dice: random.Random) -> None:
        self.n_kills = 0
        self._fleet, self._dice = fleet, dice
        self._next_at = time.monotonic() + _KILL_EVERY_S

    def __call__(self) -> None:
        if time.monotonic() < self._next_at:
            return
        self._next_at += _KILL_EVERY_S
        victim = self._dice.choice(self._fleet.workers)
        victim.power_off()
        victim.launch()
        self.n_kills += 1


def _run_among_kills(
    fleet: Fleet, recipes: Recipes, reference: Reference, dice: random.Random, n_jobs: int
) -> None:
    fleet.add_scheduler()
    fleet.add_workers(3, slots=1)
    fleet.submit(recipes.light, n_jobs)
    killer = Killer(fleet, dice)

    fleet.wait(timeout_s=12.0 * n_jobs, meanwhile=killer)

    counts = Counter(event.type for event in check(fleet, reference))
    print(f"{killer.n_kills} kills, {counts[E.TASK_LOST]} tasks lost and run again")
    assert killer.n_kills
    assert counts[E.JOB_SUCCEEDED] == n_jobs


@pytest.mark.timeout(600)
def test_workers_killed_at_random(
    fleet: Fleet, recipes: Recipes, reference: Reference, dice: random.Random
) -> None:
    _run_among_kills(fleet, recipes, reference, dice, 40)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_workers_killed_at_random_for_long(
    fleet: Fleet, recipes: Recipes, reference: Reference, dice: random.Random
) -> None:
    _run_among_kills(fleet, recipes, reference, dice, 200)


def test_ffmpeg_killed_costs_an_attempt_and_no_worker(
    fleet: Fleet, recipes: Recipes, reference: Reference, dice: random.Random
) -> None:
    fleet.add_scheduler()
    workers = fleet.add_workers(2)
    pids = [worker.pid for worker in workers]
    fleet.submit(recipes.light, 4, max_attempts=20)
    fleet.submit(recipes.heavy, 1, max_attempts=20)
    killed: list[int] = []

    def kill_one() -> None:
        running = [child for worker in workers for child in worker.children()]
        fresh = [child for child in running if child.pid not in killed]
        if fresh and len(killed) < 8 and dice.random() < 0.3:
            victim = dice.choice(fresh)
            # It may just have ended by itself.
            with suppress(psutil.NoSuchProcess):
                victim.kill()
                killed.append(victim.pid)

    fleet.wait(meanwhile=kill_one)

    assert [worker.pid for worker in workers if worker.is_running] == pids
    counts = Counter(event.type for event in check(fleet, reference))
    assert len(killed) == 8
    assert counts[E.TASK_LOST] == 0
    assert 0 < counts[E.TASK_RETRIED] <= len(killed)


def test_everything_killed_at_once_goes_on_at_the_next_start(
    fleet: Fleet, recipes: Recipes, reference: Reference
) -> None:
    fleet.add_scheduler()
    fleet.add_workers(2)
    fleet.add_api()
    fleet.submit(recipes.light, 3)
    (heavy,) = fleet.submit(recipes.heavy)
    fleet.wait_for_encode(heavy)

    for role in fleet.roles:
        role.power_off()
    fleet.submit(recipes.light)
    for role in fleet.roles:
        role.launch()
    fleet.wait()

    check(fleet, reference)


def test_a_rolling_restart_burns_no_attempt(
    fleet: Fleet, recipes: Recipes, reference: Reference
) -> None:
    fleet.add_scheduler()
    workers = fleet.add_workers(2)
    fleet.submit(recipes.light, 2)

    for worker in workers:
        # One for each round: a worker takes longer to start than this takes to encode.
        (heavy,) = fleet.submit(recipes.heavy)
        task = fleet.wait_for_encode(heavy)
        owner = fleet.owner_of(task) or worker
        asked_at = time.monotonic()
        owner.stop()
        assert time.monotonic() - asked_at < _LONGEST_STOP_S
        assert owner.exit_code == 0
        owner.start()
    fleet.wait()

    history = check(fleet, reference)
    counts = Counter(event.type for event in history)
    assert counts[E.TASK_HANDED_BACK] > 0
    assert counts[E.TASK_LOST] == counts[E.TASK_RETRIED] == 0
    assert {event.data["attempt"] for event in history if event.type is E.TASK_STARTED} == {1}
