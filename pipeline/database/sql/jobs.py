"""Jobs as rows."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Update,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    select,
    update,
)

from pipeline.database.filters import EVERY_JOB, JobFilter
from pipeline.database.rows import ErrorJson, JobRow, NewJob
from pipeline.database.sql.columns import now_s, utc, utc_or_none
from pipeline.database.sql.narrowing import Key, page_of
from pipeline.database.sql.tables import job, task
from schemas.plan import MediaPlan
from schemas.profile import Profile
from schemas.vocabulary import JobId, JobState, TaskState

_ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)

# Background work goes on after the job has ended.
_UNFINISHED = and_(
    task.c.state != literal_column(f"'{TaskState.SUCCEEDED.value}'"), ~task.c.is_background
)
# What every task runs through is built once: building costs more than running it.
_OPEN_STATE = (
    # By the alphabet "running" comes last: it is found only where nothing waits.
    select(task.c.state)
    .where(task.c.job_id == bindparam("of_id"), _UNFINISHED)
    .order_by(task.c.state)
    .limit(1)
)


def _row(row: Row[Any]) -> JobRow:
    return JobRow(
        id=row.id,
        asset_id=row.asset_id,
        account=row.account,
        state=JobState(row.state),
        profile=Profile.model_validate(row.profile),
        priority=row.priority,
        rank=row.rank,
        metadata=row.metadata,
        is_dry_run=row.is_dry_run,
        max_attempts=row.max_attempts,
        max_lost=row.max_lost,
        plan=None if row.plan is None else MediaPlan.model_validate(row.plan),
        encoder_build=row.encoder_build,
        content_key=None if row.content_key is None else bytes.fromhex(row.content_key),
        files=row.files,
        error=row.error,
        created_at=utc(row.created_at),
        started_at=utc_or_none(row.started_at),
        finished_at=utc_or_none(row.finished_at),
    )


@cache
def _move(before: tuple[JobState, ...], after: JobState) -> Update:
    values: dict[str, Any] = {"state": after.value, "error": bindparam("moved_error")}
    if after is JobState.RUNNING:
        values["started_at"] = func.coalesce(job.c.started_at, now_s())
    values["finished_at"] = now_s() if after in _ENDED else None
    return (
        update(job)
        .where(job.c.id == bindparam("moved_id"), job.c.state.in_([s.value for s in before]))
        .values(values)
    )


class SqlJobs:
    """See ``rowsets.JobRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: NewJob) -> None:
        self._connection.execute(
            insert(job).values(
                id=row.id,
                asset_id=row.asset_id,
                account=row.account,
                state=JobState.WAITING.value,
                profile=row.profile.model_dump(mode="json"),
                priority=row.priority,
                rank=row.rank,
                metadata=row.metadata,
                is_dry_run=row.is_dry_run,
                max_attempts=row.max_attempts,
                max_lost=row.max_lost,
                files={},
                created_at=now_s(),
            )
        )

    def get(self, job_id: JobId) -> JobRow | None:
        row = self._connection.execute(select(job).where(job.c.id == job_id)).one_or_none()
        return None if row is None else _row(row)

    def page(
        self, after: Key | None, limit: int, wished: JobFilter = EVERY_JOB
    ) -> list[tuple[float, JobRow]]:
        is_sqlite = self._connection.dialect.name == "sqlite"
        query = page_of(job, wished, after, limit, is_sqlite=is_sqlite)
        return [(row.created_at, _row(row)) for row in self._connection.execute(query)]

    def fractions(self, job_ids: Sequence[JobId]) -> dict[JobId, float]:
        is_done = task.c.state == TaskState.SUCCEEDED.value
        done = case((is_done, task.c.weight), else_=task.c.weight * task.c.fraction)
        rows = self._connection.execute(
            select(task.c.job_id, func.sum(done), func.sum(task.c.weight))
            .where(task.c.job_id.in_(job_ids))
            .group_by(task.c.job_id)
        )
        return {job_id: share / total if total else 0.0 for job_id, share, total in rows}

    def active_of(self, account: str) -> int:
        return self._connection.execute(
            select(func.count())
            .select_from(job)
            .where(
                job.c.account == account,
                job.c.state.in_([JobState.WAITING.value, JobState.RUNNING.value]),
            )
        ).scalar_one()

    def move(
        self,
        job_id: JobId,
        before: Sequence[JobState],
        after: JobState,
        error: ErrorJson | None = None,
    ) -> bool:
        values = {"moved_id": job_id, "moved_error": error}
        moved = self._connection.execute(_move(tuple(before), after), values)
        return moved.rowcount == 1

    def plan(self, job_id: JobId, plan: MediaPlan) -> None:
        self._connection.execute(
            update(job).where(job.c.id == job_id).values(plan=plan.model_dump(mode="json"))
        )

    def open_state(self, job_id: JobId) -> TaskState | None:
        state = self._connection.execute(_OPEN_STATE, {"of_id": job_id}).scalar_one_or_none()
        return None if state is None else TaskState(state)

    def unsettled(self, limit: int) -> list[JobId]:
        active = (JobState.WAITING.value, JobState.RUNNING.value)
        unfinished = select(task.c.id).where(task.c.job_id == job.c.id, _UNFINISHED).exists()
        query = select(job.c.id).where(job.c.state.in_(active), ~unfinished).limit(limit)
        return list(self._connection.execute(query).scalars())

    def pin_build(self, job_id: JobId, build: str | None) -> str | None:
        change = update(job).where(job.c.id == job_id).values(encoder_build=build)
        if build is not None:
            change = change.where(job.c.encoder_build.is_(None))
        self._connection.execute(change)
        return self._connection.execute(
            select(job.c.encoder_build).where(job.c.id == job_id)
        ).scalar_one_or_none()

    def set_files(self, job_id: JobId, files: Mapping[str, str]) -> None:
        self._connection.execute(update(job).where(job.c.id == job_id).values(files=dict(files)))

    def files(self, job_id: JobId) -> dict[str, str]:
        query = select(job.c.files).where(job.c.id == job_id)
        return self._connection.execute(query).scalar_one_or_none() or {}

    def set_content_key(self, job_id: JobId, key: bytes) -> None:
        self._connection.execute(
            update(job).where(job.c.id == job_id).values(content_key=key.hex())
        )

    def is_encrypted(self, job_id: JobId) -> bool:
        query = select(job.c.content_key.is_not(None)).where(job.c.id == job_id)
        return bool(self._connection.execute(query).scalar_one_or_none())

    def now(self) -> float:
        return self._connection.execute(select(now_s())).scalar_one()
