"""The claim: one statement that picks the best eligible ready task and grants its lease.

Both engines run the same text. Two short index scans (express tasks, others) make a window
of candidates; within it, waiting is weighed against "express tasks hold at most half of what
runs" and "its source already lies on this box". On PostgreSQL rows that other claims hold are
skipped; SQLite has one writer at a time.

The statement is built once: building it takes SQLAlchemy longer than the database takes to
run it, and every slot of the house waits for it between two tasks.
"""

from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    Integer,
    ScalarSelect,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
    update,
)

from pipeline.core.ranks import AFFINITY_BONUS_S, EXPRESS_BONUS_S
from pipeline.database.rows import Wanted
from pipeline.database.sql.columns import now_s
from pipeline.database.sql.tables import job, queue_control, task
from schemas.vocabulary import TaskState

#: Candidates of each sort: enough to choose from, few enough to be weighed in a millisecond.
WINDOW = 32
#: Where all of those are locked by claims of the same moment, there are more.
DEEP_WINDOW = 500

_DEPTH = bindparam("window_depth", type_=Integer)
_QUEUE = bindparam("wanted_queue", type_=task.c.queue.type)
_WORKER = bindparam("wanted_by", type_=task.c.lease_owner.type)
_LEASE_S = bindparam("wanted_lease_s", type_=Float)
_BUILD = bindparam("offered_build", type_=job.c.encoder_build.type)
_FREE_BYTES = bindparam("offered_bytes", type_=task.c.scratch_bytes.type)
_CACHED = bindparam("offered_sources", type_=task.c.source_sha256.type, expanding=True)


def claim_values(wanted: Wanted, lease_s: float, *, depth: int = WINDOW) -> dict[str, Any]:
    """Lay out what the statement is executed with."""
    return {
        _QUEUE.key: wanted.queue.value,
        _WORKER.key: wanted.worker_id,
        _LEASE_S.key: lease_s,
        _BUILD.key: wanted.encoder_build,
        _FREE_BYTES.key: wanted.scratch_free_bytes,
        _CACHED.key: wanted.cached,
        _DEPTH.key: depth,
    }


@cache
def claim_statement() -> Update:
    """Build the statement; it returns at most one row."""
    return (
        update(task)
        .where(task.c.id == _best(), task.c.state == TaskState.READY.value)
        .values(
            state=TaskState.RUNNING.value,
            epoch=task.c.epoch + 1,
            attempt=task.c.attempt + 1,
            lease_owner=_WORKER,
            lease_until=now_s() + _LEASE_S,
            fraction=0.0,
            error=None,
        )
        .returning(
            task.c.id,
            task.c.job_id,
            task.c.asset_id,
            task.c.kind,
            task.c.epoch,
            task.c.attempt,
            task.c.is_build_pinned,
            task.c.scratch_bytes,
            task.c.params,
        )
    )


def _best() -> ScalarSelect[str]:
    candidates = union_all(select(_window(is_express=True)), select(_window(is_express=False))).cte(
        "candidates"
    )
    return (
        select(task.c.id)
        .join(candidates, candidates.c.id == task.c.id)
        .where(task.c.state == TaskState.READY.value)
        .order_by(_order(), task.c.id)
        .limit(1)
        .with_for_update(of=task, skip_locked=True)
        .scalar_subquery()
    )


def _window(*, is_express: bool) -> CTE:
    return (
        select(task.c.id)
        .join(job, job.c.id == task.c.job_id)
        .where(
            task.c.queue == _QUEUE,
            task.c.state == TaskState.READY.value,
            task.c.is_express.is_(is_express),
            task.c.run_after <= now_s(),
            task.c.scratch_bytes <= _FREE_BYTES,
            _build_fits(),
            not_(_is_paused()),
        )
        .order_by(task.c.rank)
        .limit(_DEPTH)
        .cte("express" if is_express else "plain")
    )


def _build_fits() -> ColumnElement[bool]:
    return or_(
        not_(task.c.is_build_pinned),
        job.c.encoder_build.is_(None),
        job.c.encoder_build == _BUILD,
    )


def _is_paused() -> ColumnElement[bool]:
    return (
        select(queue_control.c.queue)
        .where(queue_control.c.queue == _QUEUE, queue_control.c.is_paused)
        .exists()
    )


def _order() -> ColumnElement[float]:
    over_half = and_(task.c.is_express, _running(express_only=True) * 2 > _running())
    is_near = task.c.source_sha256.in_(_CACHED)
    zero = literal(0.0, Float)
    return (
        task.c.rank
        + case((over_half, EXPRESS_BONUS_S), else_=zero)
        - case((is_near, AFFINITY_BONUS_S), else_=zero)
    )


def _running(*, express_only: bool = False) -> ScalarSelect[int]:
    running = task.alias("running_express" if express_only else "running_all")
    query = (
        select(func.count())
        .select_from(running)
        .where(running.c.queue == _QUEUE, running.c.state == TaskState.RUNNING.value)
    )
    if express_only:
        query = query.where(running.c.is_express)
    return query.scalar_subquery()
