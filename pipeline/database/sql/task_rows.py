"""A task between its row and its value."""

from typing import Any

from sqlalchemy import Row

from pipeline.core.graph import NewTask
from pipeline.database.rows import NewJob, TaskRow
from pipeline.database.sql.columns import utc
from pipeline.database.sql.tables import task
from schemas.vocabulary import QueueName, TaskKind, TaskState

#: All columns but the two large ones.
DETAIL = tuple(c for c in task.c if c.name not in {"params", "result"})


def inserted(new: NewTask, job: NewJob, sha256: str, now: float) -> dict[str, Any]:
    """Lay out a new task for insertion."""
    state = TaskState.BLOCKED if new.needs else TaskState.READY
    return {
        "id": new.id,
        "job_id": job.id,
        "asset_id": job.asset_id,
        "kind": new.params.kind.value,
        "queue": new.queue.value,
        "state": state.value,
        "chunk": new.chunk,
        "rank": new.rank,
        "is_express": new.is_express,
        "is_build_pinned": new.is_build_pinned,
        "is_background": new.is_background,
        "deps_left": len(new.needs),
        "max_attempts": job.max_attempts,
        "max_lost": job.max_lost,
        "run_after": now,
        "source_sha256": sha256,
        "scratch_bytes": new.scratch_bytes,
        "weight": new.weight,
        "progress": dict.fromkeys(new.parts, 0.0),
        "params": new.params.model_dump(mode="json"),
    }


def row_of(row: Row[Any], needs: tuple[Any, ...]) -> TaskRow:
    """Read a task."""
    return TaskRow(
        id=row.id,
        job_id=row.job_id,
        asset_id=row.asset_id,
        kind=TaskKind(row.kind),
        queue=QueueName(row.queue),
        state=TaskState(row.state),
        chunk=row.chunk,
        attempt=row.attempt,
        max_attempts=row.max_attempts,
        lost_count=row.lost_count,
        max_lost=row.max_lost,
        fault_count=row.fault_count,
        epoch=row.epoch,
        run_after=utc(row.run_after),
        lease_owner=row.lease_owner,
        is_cancel_requested=row.is_cancel_requested,
        is_build_pinned=row.is_build_pinned,
        is_background=row.is_background,
        progress=row.progress,
        fraction=row.fraction,
        weight=row.weight,
        error=row.error,
        needs=needs,
    )
