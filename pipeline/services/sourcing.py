"""Sources that are fetched: asked for by their address, taken up by workers, taken in.

The address may hold secrets. It stands in one row, which goes when the source is there, with
the asset, or when nobody has tried for a day; everywhere else it is shown without its query.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.core import filenames, keys
from pipeline.core.errors import LeaseLost, UrlFailed
from pipeline.core.first_tasks import probe_task
from pipeline.core.lifecycle import JOB_ENDED
from pipeline.core.weburl import WebUrl
from pipeline.database.fetches import FetchRow, NewFetch
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import NewAsset, TaskRow
from pipeline.services import assets, jobs, once, views, watermarks
from pipeline.services.ids import new_id, new_task_id
from pipeline.services.once import Claim
from pipeline.services.uploads.shares import require_share
from pipeline.storage.port import ObjectStore
from schemas.access import Quotas
from schemas.events import EventType
from schemas.fetching import FetchResult, FetchState, UrlOrigin
from schemas.http import JobView
from schemas.identity import Playback
from schemas.profile import Profile
from schemas.vocabulary import AssetId, JobId, TaskId

#: What an asset is called as long as nobody has named it.
_NAMELESS = "upload"
#: How long an address is kept after its job failed or was cancelled: it may be tried again.
_PATIENCE_S = 86_400.0
_BATCH = 100


@dataclass(frozen=True)
class Named:
    """An address that may be asked, and what is to become of what lies there."""

    url: WebUrl
    account: str
    limit_bytes: int
    filename: str = ""
    playback: Playback = Playback.PUBLIC


@dataclass(frozen=True)
class Lease:
    """The right of a worker to run a fetch."""

    task_id: TaskId
    epoch: int
    asset_id: AssetId


def submit(  # all of it is said at once
    db: Database,
    storage: ObjectStore,
    source: Named,
    profile: Profile,
    terms: jobs.Terms,
    *,
    quotas: Quotas,
    claim: Claim | None = None,
) -> JobView:
    """Accept an address: asset, job and its first task, in one transaction.

    A dry run fetches and probes the source, and ends there.

    Raises:
        QuotaExceeded: the account has had its share.
        Conflict: ``profile.not_encodable``, no worker that is there has the encoders.
        StorageUnavailable, StorageFull: the profile's watermark could not be kept.
    """
    asset_id = AssetId(new_id())
    note = _keep_watermark(db, storage, asset_id, profile)
    with db.write() as tx:
        before = once.made(tx, claim)
        if before is not None:
            return views.job(tx, jobs.need(tx, JobId(before)))
        left_bytes = require_share(tx, source.account, quotas, 0, is_upload=False)
        if left_bytes is None:
            left_bytes = source.limit_bytes
        allowed = replace(source, limit_bytes=min(source.limit_bytes, left_bytes))
        asset, origin = add(tx, asset_id, allowed, terms.metadata)
        job_id = jobs.begin_in(tx, asset, profile, terms, origin=origin)
        once.note(tx, claim, job_id)
        if note is not None:
            tx.garbage.forget(note)
    return jobs.show(db, job_id)


def _keep_watermark(
    db: Database, storage: ObjectStore, asset_id: AssetId, profile: Profile
) -> int | None:
    """Store the image before there is an asset; noted as garbage until there is one."""
    if profile.watermark is None:
        return None
    with db.write() as tx:
        note = tx.garbage.add(keys.asset_prefix(asset_id), delay_s=_PATIENCE_S)
    watermarks.put(storage, asset_id, profile)
    return note


def add(
    tx: Transaction, asset_id: AssetId, source: Named, metadata: Mapping[str, str]
) -> tuple[NewAsset, UrlOrigin]:
    """Add an asset whose source is still to be fetched."""
    asset = NewAsset(
        id=asset_id,
        account=source.account,
        filename=source.filename or filenames.of_path(source.url.path) or _NAMELESS,
        source_key=keys.source_key(asset_id),
        size_bytes=0,
        sha256="",
        playback=source.playback,
        metadata=dict(metadata),
    )
    tx.assets.add(asset)
    tx.fetches.add(
        NewFetch(
            asset_id=asset_id,
            url=str(source.url),
            limit_bytes=source.limit_bytes,
            is_named=bool(source.filename),
        )
    )
    tx.emit(EventType.ASSET_CREATED, asset_id=asset_id, data={"source": source.url.shown})
    return asset, UrlOrigin(shown=source.url.shown)


def take_up(db: Database, lease: Lease) -> FetchRow | FetchResult:
    """Take a fetch from whoever had it; answer its result where another job's is over already.

    Raises:
        LeaseLost: the lease no longer stands.
        UrlFailed: ``url.forgotten``.
    """
    with db.write() as tx:
        _require(tx, lease)
        asset = assets.need(tx, lease.asset_id)
        if asset.sha256:
            return FetchResult(
                key=asset.source_key, size_bytes=asset.size_bytes, sha256=asset.sha256
            )
        row = tx.fetches.take(lease.asset_id)
    if row is None:
        raise UrlFailed(
            "the address is no longer known",
            code="url.forgotten",
            remedy="Hand the address in again.",
        )
    return row


def keep(db: Database, lease: Lease, epoch: int, state: FetchState) -> None:
    """Note how far a fetch is.

    Raises:
        LeaseLost: somebody else has it now; nothing was noted.
    """
    with db.write() as tx:
        _require(tx, lease)
        if not tx.fetches.keep(lease.asset_id, epoch, state):
            raise LeaseLost(f"the fetch of asset {lease.asset_id} was taken over")


def begin_again(db: Database, lease: Lease, epoch: int) -> None:
    """Drop what was fetched: it is of no use.

    Raises:
        LeaseLost: somebody else has it now; nothing was dropped.
    """
    with db.write() as tx:
        _require(tx, lease)
        row = tx.fetches.get(lease.asset_id)
        if not tx.fetches.keep(lease.asset_id, epoch, None):
            raise LeaseLost(f"the fetch of asset {lease.asset_id} was taken over")
        if row is not None:
            _drop(tx, row)


def _require(tx: Transaction, lease: Lease) -> None:
    if not tx.tasks.holds(lease.task_id, lease.epoch):
        raise LeaseLost(f"task {lease.task_id} was given away")


def _drop(tx: Transaction, row: FetchRow) -> None:
    if row.state is not None:
        prefix, _, _ = row.state.key.rpartition("/")
        tx.garbage.add(f"{prefix}/", delay_s=0.0)


def take_in(tx: Transaction, task: TaskRow, result: FetchResult) -> bool:
    """Say of the asset what its source is, and have it probed; tell whether the job goes on.

    Where another job's fetch was first, its source counts and this one goes.
    """
    asset = assets.need(tx, task.asset_id, is_held=True)
    if not asset.sha256:
        tx.assets.set_source(
            asset.id,
            key=result.key,
            size_bytes=result.size_bytes,
            sha256=result.sha256,
            filename=result.filename,
        )
        tx.fetches.forget(asset.id)
    elif result.key != asset.source_key:
        tx.garbage.add(result.key, delay_s=0.0)
    job = jobs.need(tx, task.job_id)
    if job.state in JOB_ENDED:
        return False
    source = jobs.source_of(assets.need(tx, task.asset_id))
    probe = probe_task(source, rank=job.rank, new_id=new_task_id)
    tx.tasks.add(job, source.sha256, [probe])
    tx.outbox.add([probe.id])
    return True


def forget_idle(db: Database, *, patience_s: float = _PATIENCE_S) -> int:
    """Wipe addresses whose job failed or was cancelled long ago; return how many."""
    with db.write() as tx:
        rows = tx.fetches.forget_idle(patience_s, _BATCH)
        for row in rows:
            _drop(tx, row)
    return len(rows)
