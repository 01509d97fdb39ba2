"""The claim: how a slot gets the right to run a task."""

from dataclasses import dataclass

from pipeline.core import keys, lifecycle
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import ClaimedRow, Wanted
from schemas.events import EventType
from schemas.tasks import TASK_PARAMS, TaskParams
from schemas.vocabulary import AssetId, JobId, JobState, QueueName, TaskId, WorkerId


@dataclass(frozen=True)
class Offer:
    """What a slot brings along when it asks for work."""

    worker_id: WorkerId
    queue: QueueName
    encoder_build: str
    scratch_free_bytes: int
    #: Digests of sources already on the box.
    cached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claimed:
    """The right to run a task, until the lease is lost."""

    task_id: TaskId
    job_id: JobId
    asset_id: AssetId
    epoch: int
    attempt: int
    params: TaskParams
    #: Where this attempt, and only it, may write objects.
    prefix: str
    #: Disk it will need beside the source.
    scratch_bytes: int


class _PinnedElsewhere(Exception):  # rolls the claim back, nobody else sees it
    """Another build was pinned while this one claimed."""


def claim(db: Database, offer: Offer, *, lease_s: float) -> Claimed | None:
    """Claim the best eligible task of a queue; None when there is none.

    The lease runs from the commit; the attempt counts from here on, so that a task that kills
    its worker is counted too.
    """
    wanted = Wanted(
        worker_id=offer.worker_id,
        queue=offer.queue,
        encoder_build=offer.encoder_build,
        scratch_free_bytes=offer.scratch_free_bytes,
        cached=offer.cached,
    )
    try:
        with db.write() as tx:
            row = tx.tasks.claim(wanted, lease_s)
            if row is not None:
                _start(tx, row, offer)
    except _PinnedElsewhere:
        return claim(db, offer, lease_s=lease_s)
    return None if row is None else _claimed(row)


def _start(tx: Transaction, row: ClaimedRow, offer: Offer) -> None:
    if row.is_build_pinned:
        pinned = tx.jobs.pin_build(row.job_id, offer.encoder_build)
        if pinned != offer.encoder_build:
            raise _PinnedElsewhere
    if tx.jobs.move(row.job_id, lifecycle.JOB[JobState.RUNNING], JobState.RUNNING):
        tx.emit(EventType.JOB_STARTED, asset_id=row.asset_id, job_id=row.job_id)
    tx.emit(
        EventType.TASK_STARTED,
        asset_id=row.asset_id,
        job_id=row.job_id,
        task_id=row.id,
        data={"kind": row.kind, "attempt": row.attempt, "worker": offer.worker_id},
    )


def _claimed(row: ClaimedRow) -> Claimed:
    return Claimed(
        task_id=row.id,
        job_id=row.job_id,
        asset_id=row.asset_id,
        epoch=row.epoch,
        attempt=row.attempt,
        params=TASK_PARAMS.validate_python(row.params),
        prefix=keys.attempt_prefix(row.asset_id, row.id, row.epoch),
        scratch_bytes=row.scratch_bytes,
    )
