"""Uploads, opened: whether there is room for one, and whether the account may have it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.core.errors import Conflict, StorageFull
from pipeline.database.port import Database, Transaction
from pipeline.database.uploads import NewUpload, UploadRow, UploadWish
from pipeline.services import abilities
from pipeline.services.ids import new_id
from pipeline.services.uploads.finding import need
from pipeline.services.uploads.shares import require_bytes, require_share
from pipeline.storage.port import ObjectStore
from schemas.access import Quotas
from schemas.uploads import UploadId, UploadKind, UploadState
from schemas.vocabulary import AssetId


@dataclass(frozen=True)
class Terms:
    """On what terms uploads are taken."""

    #: How long one waits for its next byte.
    life_s: float
    #: Room that stays free in the storage.
    floor_bytes: int
    #: Most bytes of one file.
    limit_bytes: int


@dataclass(frozen=True)
class Opening:
    """What is asked for."""

    account: str
    kind: UploadKind
    #: None while the client does not know, and of a final one.
    length_bytes: int | None
    wish: UploadWish
    raw_metadata: str | None
    parts: Sequence[UploadId] = ()


def open_upload(
    db: Database,
    storage: ObjectStore,
    asked: Opening,
    *,
    terms: Terms,
    quotas: Quotas,
    owner: str | None,
) -> UploadRow:
    """Open an upload, before any byte of it is taken.

    Raises:
        QuotaExceeded: the account has had its share.
        StorageFull: ``upload.no_room``, what is free is promised to others.
        Conflict: no worker that is there encodes what its profile asks for, or a part of a
            final one is not whole.
        NotFound, Gone: a part of a final one is not there.
    """
    free_bytes = storage.free_bytes()
    new = NewUpload(
        id=UploadId(new_id()),
        account=asked.account,
        asset_id=AssetId(new_id()),
        kind=asked.kind,
        length_bytes=asked.length_bytes,
        wish=asked.wish,
        raw_metadata=asked.raw_metadata,
    )
    with db.write() as tx:
        if asked.kind is not UploadKind.PARTIAL:
            abilities.require(tx, asked.wish.profile)
        parts = _whole_parts(tx, asked.parts, owner=owner)
        need_bytes = asked.length_bytes or sum(part.offset_bytes for part in parts)
        new_bytes = need_bytes - _counted_bytes(tx, parts)
        require_share(tx, asked.account, quotas, new_bytes, is_upload=True)
        require_room(tx, free_bytes, need_bytes, terms.floor_bytes)
        tx.uploads.add(new, life_s=terms.life_s)
        if asked.parts:
            tx.uploads.add_parts(new.id, asked.parts)
        return need(tx, new.id, owner=None)


def _whole_parts(
    tx: Transaction, parts: Sequence[UploadId], *, owner: str | None
) -> list[UploadRow]:
    rows = [need(tx, part, owner=owner) for part in parts]
    for row in rows:
        if row.kind is not UploadKind.PARTIAL or row.state is not UploadState.COMPLETED:
            raise Conflict(
                f"upload {row.id} is no whole partial upload",
                code="upload.unfinished_part",
                remedy="Send the rest of every part first.",
            )
    return rows


def _counted_bytes(tx: Transaction, parts: Sequence[UploadRow]) -> int:
    """Sum up parts that count as the account's as yet, and will as what they become."""
    joined = tx.uploads.joined([part.id for part in parts]) if parts else set()
    loose = {part.id: part.offset_bytes for part in parts if part.id not in joined}
    return sum(loose.values())


def require_late_length(db: Database, row: UploadRow, length_bytes: int, quotas: Quotas) -> None:
    """Let go on whose account may store a length that was not said at first.

    Raises:
        QuotaExceeded: ``quota.bytes``.
    """
    if row.length_bytes is None:
        with db.read() as tx:
            require_bytes(tx, row.account, quotas, length_bytes - row.offset_bytes)


def left_bytes(
    db: Database, storage: ObjectStore, row: UploadRow, *, terms: Terms, quotas: Quotas
) -> int:
    """Tell how many bytes more may come of an upload that does not say how long it is.

    Nothing was promised to it, so it has what is left now.

    Raises:
        QuotaExceeded: the account has had its share.
        StorageFull: ``upload.no_room``.
    """
    limits_bytes = [terms.limit_bytes - row.offset_bytes]
    free_bytes = storage.free_bytes()
    with db.read() as tx:
        if (quota_bytes := require_bytes(tx, row.account, quotas, 1)) is not None:
            limits_bytes.append(quota_bytes)
        if free_bytes is not None:
            require_room(tx, free_bytes, 1, terms.floor_bytes)
            limits_bytes.append(_room_bytes(tx, free_bytes, terms.floor_bytes))
    return max(min(limits_bytes), 0)


def require_room(
    tx: Transaction, free_bytes: int | None, need_bytes: int, floor_bytes: int
) -> None:
    """Let go on what there is room for, after what open uploads were promised.

    Raises:
        StorageFull: ``upload.no_room``.
    """
    if free_bytes is None:
        return
    left_bytes = _room_bytes(tx, free_bytes, floor_bytes)
    if need_bytes > left_bytes:
        raise StorageFull(
            f"{need_bytes} bytes are asked for, {max(left_bytes, 0)} are free and not promised.",
            code="upload.no_room",
        )


def room_bytes(db: Database, storage: ObjectStore, floor_bytes: int) -> int | None:
    """Tell how much room is free and promised to no upload; None where the store cannot say."""
    free_bytes = storage.free_bytes()
    if free_bytes is None:
        return None
    with db.read() as tx:
        return _room_bytes(tx, free_bytes, floor_bytes)


def _room_bytes(tx: Transaction, free_bytes: int, floor_bytes: int) -> int:
    return free_bytes - tx.uploads.promised_bytes() - floor_bytes
