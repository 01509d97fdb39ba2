"""What watchers read: events after a number, and snapshots to begin with."""

from pipeline.database.port import Database
from pipeline.services import jobs, views
from schemas.events import Event, EventType, ProgressTick
from schemas.http import EventMessage, JobSnapshot, JobView, SystemSnapshot
from schemas.playback import WatchedJob, WatchedSnapshot, WatchedTask
from schemas.tickets import Audience
from schemas.vocabulary import JobId

#: What viewers are told of, without particulars: what changes a page or its progress bars.
_FOR_VIEWERS = frozenset(
    {
        EventType.ASSET_PLAYABLE,
        EventType.ASSET_READY,
        EventType.ASSET_DAMAGED,
        EventType.ASSET_FAILED,
        EventType.ASSET_CANCELLED,
        EventType.JOB_STARTED,
        EventType.JOB_PLANNED,
        EventType.JOB_SUCCEEDED,
        EventType.JOB_FAILED,
        EventType.JOB_CANCELLED,
        EventType.JOB_RETRIED,
        EventType.TASK_SUCCEEDED,
    }
)
_SNAPSHOT_JOBS = 50
_NUMBER_BATCH = 5000


def number_events(db: Database) -> None:
    """Number what has committed since somebody last looked; readers do it, so that none waits."""
    with db.read() as tx:
        is_due = tx.events.has_unnumbered()
    while is_due:
        with db.write() as tx:
            is_due = tx.events.number(_NUMBER_BATCH) == _NUMBER_BATCH


def events_after(
    db: Database, last_id: int, *, limit: int = 500, job_id: JobId | None = None
) -> tuple[Event, ...]:
    """Read events above a number, oldest first; none below a returned one is ever missing."""
    number_events(db)
    with db.read() as tx:
        return tuple(tx.events.after(last_id, limit, job_id))


def newest_event_id(db: Database) -> int:
    """Tell the number of the newest event."""
    number_events(db)
    with db.read() as tx:
        return tx.events.newest_id()


def job_snapshot(db: Database, job_id: JobId) -> JobSnapshot:
    """Show a job together with the number of the newest event it includes.

    Raises:
        NotFound: there is no such job.
    """
    number_events(db)
    with db.read() as tx:
        view = views.job(tx, jobs.need(tx, job_id))
    return JobSnapshot(job=view, last_event_id=view.last_event_id)


def system_snapshot(db: Database) -> SystemSnapshot:
    """Show the newest jobs together with the number of the newest event they include."""
    number_events(db)
    with db.read() as tx:
        rows = [row for _, row in tx.jobs.page(None, _SNAPSHOT_JOBS)]
        return SystemSnapshot(jobs=views.job_list(tx, rows), last_event_id=tx.events.newest_id())


def viewer_snapshot(db: Database, job_id: JobId) -> WatchedSnapshot:
    """Show a job as whoever may watch its asset may know it.

    Raises:
        NotFound: there is no such job.
    """
    whole = job_snapshot(db, job_id)
    return WatchedSnapshot(job=_watched(whole.job), last_event_id=whole.last_event_id)


def _watched(job: JobView) -> WatchedJob:
    return WatchedJob(
        id=job.id,
        asset_id=job.asset_id,
        state=job.state,
        progress=job.progress,
        rungs=job.rungs,
        eta_s=job.eta_s,
        tasks=tuple(
            WatchedTask(
                id=task.id,
                state=task.state,
                is_background=task.is_background,
                progress=task.progress,
            )
            for task in job.tasks
        ),
    )


def told(
    message: EventMessage | ProgressTick, audience: Audience
) -> EventMessage | ProgressTick | None:
    """Cut a message down to what an audience may know; None: nothing of it."""
    if audience is Audience.OWNERS:
        return message
    if isinstance(message, ProgressTick):
        return message.model_copy(update={"epoch": 0, "speed": None})
    if message.event.type not in _FOR_VIEWERS:
        return None
    return EventMessage(event=message.event.model_copy(update={"data": {}}))
