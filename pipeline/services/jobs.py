"""Jobs: submitted, shown, cancelled, tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.core import lifecycle
from pipeline.core.errors import Conflict, NotFound
from pipeline.core.first_tasks import fetch_task, probe_task, record_task
from pipeline.core.graph import NewTask
from pipeline.core.ranks import job_rank
from pipeline.core.weburl import take_apart
from pipeline.database.filters import EVERY_JOB, JobFilter
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import JobRow, NewAsset, NewJob
from pipeline.database.streams import SessionRow
from pipeline.services import abilities, assets, cursors, once, views
from pipeline.services.ids import new_id, new_task_id
from pipeline.services.once import Claim
from schemas.events import EventType
from schemas.fetching import FetchParams, Origin, StoredOrigin, UrlOrigin
from schemas.http import JobPage, JobRequest, JobView
from schemas.profile import Profile
from schemas.recording import RecordParams
from schemas.streams import SessionState
from schemas.tasks import SourceRef
from schemas.vocabulary import AssetId, AssetState, JobId, JobState


@dataclass(frozen=True)
class Terms:
    """How a job is worked on, whatever it makes."""

    max_attempts: int
    max_lost: int
    priority: int = 5
    metadata: Mapping[str, str] = field(default_factory=dict)
    is_dry_run: bool = False


def submit(
    db: Database,
    request: JobRequest,
    profile: Profile,
    *,
    max_attempts: int,
    max_lost: int,
    owner: str | None = None,
    claim: Claim | None = None,
) -> JobView:
    """Accept a job: rows, the first task and its ring, in one transaction.

    A dry run probes the source and ends there.

    Raises:
        NotFound: there is no such asset.
        Conflict: ``profile.not_encodable``, no worker that is there has the encoders.
    """
    terms = Terms(
        max_attempts=max_attempts,
        max_lost=max_lost,
        priority=request.priority,
        metadata=request.metadata,
        is_dry_run=request.dry_run,
    )
    with db.write() as tx:
        before = once.made(tx, claim)
        if before is not None:
            return views.job(tx, need(tx, JobId(before), owner=owner))
        asset_id = request.asset_id or AssetId("")
        asset = assets.need(tx, asset_id, is_held=True, owner=owner)
        job_id = begin_in(tx, asset, profile, terms)
        once.note(tx, claim, job_id)
    return show(db, job_id)


def begin_in(
    tx: Transaction,
    asset: NewAsset,
    profile: Profile,
    terms: Terms,
    *,
    origin: Origin | None = None,
    must_be_able: bool = True,
) -> JobId:
    """Begin a job within the caller's transaction, which added or holds the asset.

    An asset whose digest is not known is fetched first: from ``origin``, or where it lies. One
    that was promised its job may have to wait for who can do it, without ``must_be_able``.

    Raises:
        Conflict: ``profile.not_encodable``, no worker that is there has the encoders;
            ``asset.not_fetched``, its source is not there.
    """
    if must_be_able and not terms.is_dry_run:
        abilities.require(tx, profile)
    rank = job_rank(
        tx.jobs.now(), priority=terms.priority, active_jobs=tx.jobs.active_of(asset.account)
    )
    job = NewJob(
        id=JobId(new_id()),
        asset_id=asset.id,
        account=asset.account,
        profile=profile,
        priority=terms.priority,
        rank=rank,
        metadata=dict(terms.metadata),
        is_dry_run=terms.is_dry_run,
        max_attempts=terms.max_attempts,
        max_lost=terms.max_lost,
    )
    first = _first_task(tx, asset, origin, rank)
    tx.jobs.add(job)
    tx.tasks.add(job, asset.sha256, [first])
    tx.outbox.add([first.id])
    if not terms.is_dry_run:
        _process(tx, asset.id)
    tx.emit(EventType.JOB_SUBMITTED, asset_id=asset.id, job_id=job.id)
    return job.id


def _first_task(tx: Transaction, asset: NewAsset, origin: Origin | None, rank: float) -> NewTask:
    if asset.sha256:
        return probe_task(source_of(asset), rank=rank, new_id=new_task_id)
    session = tx.sessions.of_asset(asset.id)
    if session is not None:
        return _record_task(session, rank)
    origin = origin or _origin(tx, asset)
    params = FetchParams(asset_id=asset.id, origin=origin, key=asset.source_key)
    return fetch_task(params, rank=rank, new_id=new_task_id)


def _record_task(session: SessionRow, rank: float) -> NewTask:
    """Have a broadcast's source put together that nobody has put together yet."""
    if session.state is not SessionState.CLOSED:
        raise Conflict(
            f"the broadcast of asset {session.asset_id} is not over",
            code="asset.not_fetched",
            remedy="Wait until it is; then its recording can be worked on.",
        )
    params = RecordParams(asset_id=session.asset_id, session_id=session.id)
    return record_task(params, rank=rank, new_id=new_task_id)


def _origin(tx: Transaction, asset: NewAsset) -> Origin:
    """Tell where a source comes from that is not there, or that nobody has read yet."""
    row = tx.fetches.get(asset.id)
    unfinished = JobFilter(asset_id=asset.id, states=(JobState.WAITING, JobState.RUNNING))
    is_fetched_now = row is not None and bool(tx.jobs.page(None, 1, unfinished))
    if is_fetched_now or (row is None and not asset.size_bytes):
        raise Conflict(
            f"the source of asset {asset.id} is not there",
            code="asset.not_fetched",
            remedy="Wait for the job that fetches it; where that failed, retry it.",
        )
    if row is not None:
        return UrlOrigin(shown=take_apart(row.url).shown)
    return StoredOrigin(keys=(asset.source_key,))


def source_of(asset: NewAsset) -> SourceRef:
    """Tell tasks where an asset's source lies."""
    return SourceRef(
        asset_id=asset.id, key=asset.source_key, size_bytes=asset.size_bytes, sha256=asset.sha256
    )


def _process(tx: Transaction, asset_id: AssetId) -> None:
    before = lifecycle.ASSET[AssetState.PROCESSING]
    if tx.assets.move(asset_id, before, AssetState.PROCESSING):
        tx.assets.set_error(asset_id, None)


def show(db: Database, job_id: JobId, *, owner: str | None = None) -> JobView:
    """Show a job with its graph.

    Raises:
        NotFound: there is no such job.
    """
    with db.read() as tx:
        return views.job(tx, need(tx, job_id, owner=owner))


def page(
    db: Database,
    *,
    cursor: str | None,
    limit: int,
    wished: JobFilter = EVERY_JOB,
) -> JobPage:
    """List jobs, newest first, without their graphs.

    Raises:
        InvalidRequest: the cursor is not of this list.
    """
    with db.read() as tx:
        rows = tx.jobs.page(cursors.decode(cursor, wished), limit + 1, wished)
        items = views.job_list(tx, [row for _, row in rows[:limit]])
    return JobPage(items=items, next=cursors.following(rows, limit, wished))


def cancel(
    db: Database, job_id: JobId, *, owner: str | None = None, claim: Claim | None = None
) -> JobView:
    """Cancel a job; running work is told within a heartbeat.

    Raises:
        NotFound: there is no such job.
        Conflict: it has ended already.
    """
    with db.write() as tx:
        job = need(tx, job_id, owner=owner)
        is_done = once.made(tx, claim) is not None
        if not is_done and not end(tx, job, JobState.CANCELLED, None):
            raise Conflict(f"job {job_id} has ended already", code="job.ended")
        once.note(tx, claim, job_id)
    return show(db, job_id)


def end(tx: Transaction, job: JobRow, state: JobState, error: dict[str, str] | None) -> bool:
    """End a job badly: no task of it goes on, its asset keeps what was published.

    Returns False where the job has ended already; its tasks are stopped all the same.
    """
    tx.tasks.cancel_of_job(job.id)
    if not tx.jobs.move(job.id, lifecycle.JOB[state], state, error):
        return False
    is_failed = state is JobState.FAILED
    tx.emit(
        EventType.JOB_FAILED if is_failed else EventType.JOB_CANCELLED,
        asset_id=job.asset_id,
        job_id=job.id,
        data={"error": error} if error else {},
    )
    after = AssetState.FAILED if is_failed else AssetState.CANCELLED
    if not job.is_dry_run and tx.assets.move(job.asset_id, lifecycle.ASSET[after], after):
        tx.assets.set_error(job.asset_id, error)
        tx.emit(
            EventType.ASSET_FAILED if is_failed else EventType.ASSET_CANCELLED,
            asset_id=job.asset_id,
            job_id=job.id,
        )
    return True


def retry(
    db: Database, job_id: JobId, *, owner: str | None = None, claim: Claim | None = None
) -> JobView:
    """Go on with a failed or cancelled job from where it ended; what succeeded stays.

    Raises:
        NotFound: there is no such job.
        Conflict: it has not failed, or work of it is still stopping.
    """
    with db.write() as tx:
        job = need(tx, job_id, owner=owner)
        if once.made(tx, claim) is not None:
            return views.job(tx, job)
        once.note(tx, claim, job_id)
        if tx.tasks.running_of(job_id):
            raise Conflict(f"job {job_id} is still stopping", code="job.stopping")
        if not tx.jobs.move(job_id, lifecycle.JOB[JobState.WAITING], JobState.WAITING):
            raise Conflict(f"job {job_id} is {job.state}, not failed", code="job.not_failed")
        reopened = tx.tasks.reopen(job_id)
        if not reopened:
            raise Conflict(f"job {job_id} has nothing to try again", code="job.nothing_to_retry")
        tx.outbox.add(reopened)
        if not job.is_dry_run:
            _process(tx, job.asset_id)
        tx.emit(EventType.JOB_RETRIED, asset_id=job.asset_id, job_id=job_id)
    return show(db, job_id)


def need(tx: Transaction, job_id: JobId, *, owner: str | None = None) -> JobRow:
    """Get a job that must be there; another account's is not, for an owner.

    Raises:
        NotFound: it is not.
    """
    row = tx.jobs.get(job_id) if job_id.isalnum() else None
    if row is None or owner not in {None, row.account}:
        raise NotFound(f"there is no job {job_id}", code="job.not_found")
    return row
