"""Uploads as rows, looked at together: what is due, what is promised, who has how much."""

from collections.abc import Sequence
from fractions import Fraction

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from pipeline.database.sql.columns import now_s
from pipeline.database.sql.tables import asset
from pipeline.database.sql.upload_rows import upload_row
from pipeline.database.sql.upload_tables import upload, upload_part
from pipeline.database.uploads import Share, UploadRow
from schemas.uploads import UploadId, UploadKind, UploadState
from schemas.vocabulary import AssetId

_OPEN = UploadState.OPEN.value
_DAY_S = 86_400.0
#: Whole partial uploads wait to be put together, and may wait too long.
_WAITS = or_(
    upload.c.state == _OPEN,
    and_(upload.c.state == UploadState.COMPLETED.value, upload.c.kind == UploadKind.PARTIAL.value),
)


def _is_needed() -> ColumnElement[bool]:
    """A whole that is not read together yet still needs its parts."""
    final = upload.alias()
    return exists().where(
        upload_part.c.part_id == upload.c.id,
        final.c.id == upload_part.c.final_id,
        asset.c.id == final.c.asset_id,
        asset.c.sha256 == "",
        asset.c.state.in_(("waiting", "processing")),
    )


class SqlUploadUpkeep:
    """See ``uploads.UploadRows``: what concerns many of them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def expire(self, upload_id: UploadId) -> bool:
        changed = self._connection.execute(
            update(upload)
            .where(upload.c.id == upload_id, _WAITS, upload.c.expires_at <= now_s())
            .values(
                state=UploadState.EXPIRED.value,
                epoch=upload.c.epoch + 1,
                holder=None,
                draft=None,
                moved_at=now_s(),
            )
        )
        return changed.rowcount == 1

    def expired(self, limit: int) -> list[UploadId]:
        found = self._connection.execute(
            select(upload.c.id)
            .where(_WAITS, upload.c.expires_at <= now_s(), ~_is_needed())
            .order_by(upload.c.expires_at)
            .limit(limit)
        )
        return list(found.scalars())

    def finished(self, limit: int, *, quiet_s: float) -> list[UploadRow]:
        found = self._connection.execute(
            select(upload)
            .where(
                upload.c.state == _OPEN,
                upload.c.length_bytes == upload.c.offset_bytes,
                upload.c.moved_at <= now_s() - quiet_s,
            )
            .order_by(upload.c.moved_at)
            .limit(limit)
        )
        return [upload_row(row) for row in found]

    def trim(self, older_than_s: float, limit: int) -> int:
        old = (
            select(upload.c.id)
            .where(~_WAITS, upload.c.moved_at <= now_s() - older_than_s)
            .limit(limit)
        )
        return self._connection.execute(delete(upload).where(upload.c.id.in_(old))).rowcount

    def promised_bytes(self) -> int:
        missing = func.sum(upload.c.length_bytes - upload.c.offset_bytes)
        query = select(func.coalesce(missing, 0)).where(upload.c.state == _OPEN)
        return int(self._connection.execute(query).scalar_one())

    def share(self, account: str) -> Share:
        is_open = upload.c.state == _OPEN
        # Parts that were put together count as the asset they became.
        is_loose = and_(_WAITS, ~exists().where(upload_part.c.part_id == upload.c.id))
        promised = func.coalesce(upload.c.length_bytes, upload.c.offset_bytes)
        n_uploads, n_waiting_bytes = self._connection.execute(
            select(
                func.coalesce(func.sum(case((is_open, 1), else_=0)), 0),
                func.coalesce(func.sum(promised), 0),
            ).where(upload.c.account == account, or_(is_open, is_loose))
        ).one()
        stored = select(func.coalesce(func.sum(asset.c.size_bytes), 0))
        n_stored_bytes = self._connection.execute(
            stored.where(asset.c.account == account)
        ).scalar_one()
        return Share(
            int(n_waiting_bytes) + int(n_stored_bytes), int(n_uploads), self._duration_s(account)
        )

    def joined(self, parts: Sequence[UploadId]) -> set[UploadId]:
        query = select(upload_part.c.part_id).where(upload_part.c.part_id.in_(parts))
        return set(self._connection.execute(query).scalars())

    def is_needed(self, asset_id: AssetId) -> bool:
        query = select(upload.c.id).where(
            upload.c.asset_id == asset_id, upload.c.kind == UploadKind.PARTIAL.value, _is_needed()
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def _duration_s(self, account: str) -> float:
        """Sum up exact durations, which are kept as texts such as ``1001/30``."""
        found = self._connection.execute(
            select(asset.c.facts["duration_s"].as_string()).where(
                asset.c.account == account,
                asset.c.created_at > now_s() - _DAY_S,
                asset.c.facts.is_not(None),
            )
        )
        return sum((float(Fraction(text)) for text in found.scalars() if text), 0.0)
