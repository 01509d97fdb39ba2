"""Assets: taken in, shown, deleted."""

from collections.abc import Callable, Iterable, Iterator

from pipeline.core import keys
from pipeline.core.errors import NotFound, NotMedia, Outdated
from pipeline.database.filters import EVERY_ASSET, AssetFilter, JobFilter
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import AssetRow, NewAsset
from pipeline.services import certificates, cursors, once, views
from pipeline.services.ids import new_id
from pipeline.services.once import Claim
from pipeline.storage.port import ObjectStore
from schemas.events import EventType
from schemas.http import AssetPage, AssetView, CertificateView
from schemas.identity import Playback
from schemas.vocabulary import AssetId, JobState

#: Who owns what came in before there are accounts.
LOCAL_ACCOUNT = "local"
#: An upload that has not ended after so long is taken for dead and its bytes go.
_UPLOAD_LIFE_S = 86_400.0
#: What is deleted on purpose goes at once, without the patience lost attempts get.
_AT_ONCE_S = -10 * _UPLOAD_LIFE_S


def create(
    db: Database,
    storage: ObjectStore,
    *,
    filename: str,
    blocks: Iterable[bytes],
    limit_bytes: int,
    account: str = LOCAL_ACCOUNT,
    playback: Playback = Playback.PUBLIC,
    claim: Claim | None = None,
) -> AssetView:
    """Store a source as it streams in and make it an asset.

    Before the first byte the prefix is noted as garbage-to-be; the transaction that makes the
    asset takes the note back. Whatever dies in between leaves nothing behind for ever.

    Raises:
        TooLarge: more than ``limit_bytes`` came.
        NotMedia: nothing came.
        StorageUnavailable, StorageFull, DatabaseUnavailable: nothing was kept.
    """
    asset_id = AssetId(new_id())
    with db.write() as tx:
        before = once.made(tx, claim)
        if before is not None:
            return views.asset(tx, need(tx, AssetId(before)), is_detailed=True)
        note = tx.garbage.add(keys.asset_prefix(asset_id), delay_s=_UPLOAD_LIFE_S)
    try:
        written = storage.put_stream(
            keys.source_key(asset_id), _not_empty(blocks), limit_bytes=limit_bytes
        )
    except BaseException:
        _collect_now(db, note)
        raise
    asset = NewAsset(
        id=asset_id,
        account=account,
        filename=filename,
        source_key=keys.source_key(asset_id),
        size_bytes=written.size_bytes,
        sha256=written.sha256,
        playback=playback,
    )
    return show(db, _added(db, asset, note, claim))


def _added(db: Database, asset: NewAsset, note: int, claim: Claim | None) -> AssetId:
    """Make the asset, unless another try of the same request was faster; name the one there is."""
    with db.write() as tx:
        before = once.made(tx, claim)
        if before is not None:
            tx.garbage.postpone(note, delay_s=_AT_ONCE_S)
            return AssetId(before)
        tx.assets.add(asset)
        once.note(tx, claim, asset.id)
        tx.garbage.forget(note)
        tx.emit(EventType.ASSET_CREATED, asset_id=asset.id)
    return asset.id


def _not_empty(blocks: Iterable[bytes]) -> Iterator[bytes]:
    is_empty = True
    for block in blocks:
        is_empty = is_empty and not block
        yield block
    if is_empty:
        raise NotMedia("the file is empty", code="media.empty")


def _collect_now(db: Database, note: int) -> None:
    with db.write() as tx:
        tx.garbage.postpone(note, delay_s=_AT_ONCE_S)


def show(db: Database, asset_id: AssetId, *, owner: str | None = None) -> AssetView:
    """Show one asset.

    Raises:
        NotFound: there is no such asset.
    """
    with db.read() as tx:
        return views.asset(tx, need(tx, asset_id, owner=owner), is_detailed=True)


def certificate(db: Database, asset_id: AssetId, *, owner: str | None = None) -> CertificateView:
    """Show how far an asset is proven, and what was found.

    Raises:
        NotFound: there is no such asset, or nothing of it is complete yet.
    """
    with db.read() as tx:
        return certificates.view(tx, need(tx, asset_id, owner=owner))


def page(
    db: Database,
    *,
    cursor: str | None,
    limit: int,
    wished: AssetFilter = EVERY_ASSET,
) -> AssetPage:
    """List assets, newest first.

    Raises:
        InvalidRequest: the cursor is not of this list.
    """
    with db.read() as tx:
        rows = tx.assets.page(cursors.decode(cursor, wished), limit + 1, wished)
        items = tuple(views.asset(tx, row, is_detailed=False) for _, row in rows[:limit])
    return AssetPage(items=items, next=cursors.following(rows, limit, wished))


def delete(
    db: Database,
    asset_id: AssetId,
    *,
    owner: str | None = None,
    is_current: Callable[[AssetView], bool] = lambda _: True,
) -> None:
    """Delete an asset with everything made of it; running work on it stops within a heartbeat.

    Raises:
        NotFound: there is no such asset.
        Outdated: it is another than the caller has seen.
    """
    with db.write() as tx:
        asset = need(tx, asset_id, owner=owner)
        if not is_current(views.asset(tx, asset, is_detailed=True)):
            raise Outdated(f"asset {asset_id} has changed meanwhile")
        for _, job in tx.jobs.page(None, 1000, JobFilter(asset_id=asset_id)):
            tx.tasks.cancel_of_job(job.id)
            tx.jobs.move(job.id, (JobState.WAITING, JobState.RUNNING), JobState.CANCELLED)
        if not tx.assets.delete(asset_id):
            raise NotFound(f"there is no asset {asset_id}", code="asset.not_found")
        tx.garbage.add(keys.asset_prefix(asset_id), delay_s=_AT_ONCE_S)
        # Nobody can look these up any more.
        data = {"metadata": asset.metadata} if asset.metadata else {}
        tx.emit(EventType.ASSET_DELETED, asset_id=asset_id, account=asset.account, data=data)


def need(
    tx: Transaction, asset_id: AssetId, *, is_held: bool = False, owner: str | None = None
) -> AssetRow:
    """Get an asset that must be there; a held one stays until the transaction ends.

    Another account's asset is not there for an owner: ids of others are not for guessing.

    Raises:
        NotFound: it is not.
    """
    # Ids are letters and digits; PostgreSQL refuses a NUL in text instead of not finding it.
    get = tx.assets.hold if is_held else tx.assets.get
    row = get(asset_id) if asset_id.isalnum() else None
    if row is None or owner not in {None, row.account}:
        raise NotFound(f"there is no asset {asset_id}", code="asset.not_found")
    return row
