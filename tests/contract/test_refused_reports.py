"""Reports a database refuses to store: the task ends by its own rules, not as a lost worker."""

import errno
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.bootstrap import Pipeline
from pipeline.broker.port import Ring
from pipeline.core.retry import Failure
from pipeline.database.port import Database
from pipeline.database.sql import SqlDatabase
from pipeline.services import jobs, tasks
from pipeline.settings import Settings
from schemas.tasks import ProbeResult
from schemas.vocabulary import QueueName, TaskId, TaskKind, TaskState, WorkerId
from schemas.workers import Orders
from tests.support import engine
from tests.support.engine import must_claim
from workers import slot
from workers.attempt import Place
from workers.bench import Tools
from workers.heart import Heart
from workers.scratch.cache import SourceCache
from workers.scratch.folder import ScratchRoot


def test_an_error_with_a_nul_in_its_words_is_stored(database: Database) -> None:
    job = engine.submit(database)
    claimed = must_claim(database, QueueName.PROBE)

    broken = Failure(code="media.damaged", detail="no \x00 here", remedy="nor\x00 here")
    tasks.fail(database, claimed.task_id, claimed.epoch, broken, jitter=0.0)

    error = jobs.show(database, job.id).error
    assert error is not None
    assert error.detail == "no \ufffd here"


def test_a_result_that_cannot_be_stored_counts_as_a_failed_attempt(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = SqlDatabase(postgres_database)
    database.migrate()
    job_id = engine.submit_idle(database, 1)
    facts = engine.facts().model_copy(update={"enrichment": {"writer": "a\x00b"}})
    # PostgreSQL stores no NUL.
    monkeypatch.setitem(slot._STEPS, TaskKind.IDLE, lambda *_: ProbeResult(facts=facts))

    slots = _slots(database, tmp_path)
    slots.on_ring(Ring(QueueName.ENCODE_CPU, jobs.show(database, job_id).tasks[0].id))

    (task,) = jobs.show(database, job_id).tasks
    assert (task.state, task.attempt) == (TaskState.READY, 1)
    assert task.error is not None
    assert task.error.code == "work.crashed"
    database.close()


def _slots(database: Database, folder: Path) -> slot.Slots:
    unused = cast("Any", None)
    pipeline = Pipeline(Settings(), database, unused, unused, unused, unused, unused)
    tools = Tools("", "", (), engine.BUILD, 1, False, 100.0, 1, 1.0, 1)
    place = Place(pipeline, SourceCache(folder / "sources", 0, unused), tools)
    heart = Heart(lambda _: Orders(), interval_s=1.0, on_drain=lambda: None)
    scratch = ScratchRoot(folder / "scratch", 2**20)
    return slot.Slots(WorkerId("w1"), {QueueName.ENCODE_CPU: place}, scratch, heart, lease_s=12.0)


def test_a_full_disk_burns_no_attempts(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = engine.submit_idle(database, 1)

    def write(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(slot._STEPS, TaskKind.IDLE, cast("Any", write))
    _slots(database, tmp_path).on_ring(Ring(QueueName.ENCODE_CPU, TaskId("any")))

    (task,) = jobs.show(database, job_id).tasks
    assert (task.state, task.attempt) == (TaskState.READY, 0)
