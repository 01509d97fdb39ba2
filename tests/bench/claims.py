"""Claims alone: several workers at one queue, each task to exactly one of them."""

import multiprocessing
import queue
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from pipeline.database.sql import SqlDatabase
from schemas.vocabulary import QueueName
from tests.bench.figures import Figure, at_most, reported
from tests.bench.ground import Ground
from tests.support import engine

N_WORKERS = 8
TASKS = 2000
_PATIENCE_S = 120


@dataclass(frozen=True)
class _Form:
    """What a worker is, and how it is spoken to."""

    worker: Any
    barrier: Any
    answers: Any


def measure(ground: Ground) -> list[Figure]:
    """Race threads on SQLite, which belongs to one process, and processes on PostgreSQL."""
    spawn = multiprocessing.get_context("spawn")
    threads = _Form(threading.Thread, threading.Barrier, queue.SimpleQueue)
    processes = _Form(spawn.Process, spawn.Barrier, spawn.SimpleQueue)
    sqlite_url = f"sqlite:///{ground.new_folder('claims') / 'reelmill.db'}"
    n_tasks = ground.scaled(TASKS)
    return [
        *_judged("SQLite", n_tasks, *_race(sqlite_url, n_tasks, threads)),
        *_judged("PostgreSQL", n_tasks, *_race(ground.new_database(), n_tasks, processes)),
    ]


def _race(url: str, n_tasks: int, form: _Form) -> tuple[Counter[str], float]:
    """Count how often each task was claimed, and the seconds it took to claim all."""
    with closing(SqlDatabase(url)) as db:
        db.migrate()
        engine.submit_idle(db, n_tasks)
        begin, answers = form.barrier(N_WORKERS + 1), form.answers()
        shared = db if form.worker is threading.Thread else None
        workers = [
            form.worker(target=_claim_all, args=(shared or url, f"w{i}", begin, answers))
            for i in range(N_WORKERS)
        ]
        for worker in workers:
            worker.start()
        begin.wait(_PATIENCE_S)
        started_at = time.monotonic()
        claimed = Counter(task_id for _ in workers for task_id in answers.get())
        took_s = time.monotonic() - started_at
        for worker in workers:
            worker.join()
    return claimed, took_s


def _claim_all(place: Any, worker: str, begin: Any, answers: Any) -> None:
    db = SqlDatabase(place) if isinstance(place, str) else place
    engine.claim(db, QueueName.PROBE, worker=worker)  # opens the connection; the queue is empty
    begin.wait(_PATIENCE_S)
    mine = []
    while (claimed := engine.claim(db, QueueName.ENCODE_CPU, worker=worker)) is not None:
        mine.append(claimed.task_id)
    answers.put(mine)


def _judged(name: str, n_tasks: int, claimed: Counter[str], took_s: float) -> list[Figure]:
    n_wrong = sum(count - 1 for count in claimed.values()) + n_tasks - len(claimed)
    label = f"{n_tasks} claims by 8 workers, {name}"
    return [
        at_most(f"{label}, double or lost", n_wrong, "tasks", 0),
        reported(label, n_tasks / took_s, "claims/s"),
    ]
