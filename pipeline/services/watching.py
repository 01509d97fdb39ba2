"""What watchers read: events after a number, and snapshots to begin with."""

from pipeline.database.port import Database
from pipeline.services import jobs, views
from schemas.events import Event
from schemas.http import JobSnapshot, SystemSnapshot
from schemas.vocabulary import JobId

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
