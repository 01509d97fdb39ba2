"""Uploads as rows: granted to one writer at a time, moved by who holds the grant."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from pipeline.database.sql.columns import now_s
from pipeline.database.sql.upload_rows import kept_wish, upload_row
from pipeline.database.sql.upload_tables import upload, upload_part
from pipeline.database.sql.upload_upkeep import SqlUploadUpkeep
from pipeline.database.uploads import NewUpload, UploadRow
from schemas.uploads import UploadId, UploadKind, UploadState
from schemas.vocabulary import JobId

_OPEN = UploadState.OPEN.value
_THERE = (_OPEN, UploadState.COMPLETED.value)


class SqlUploads(SqlUploadUpkeep):
    """See ``uploads.UploadRows``."""

    def add(self, row: NewUpload, *, life_s: float) -> None:
        self._connection.execute(
            insert(upload).values(
                id=row.id,
                account=row.account,
                asset_id=row.asset_id,
                kind=row.kind.value,
                state=_OPEN,
                length_bytes=row.length_bytes,
                offset_bytes=0,
                wish=kept_wish(row.wish),
                raw_metadata=row.raw_metadata,
                epoch=0,
                speed_bytes_s=0.0,
                created_at=now_s(),
                moved_at=now_s(),
                expires_at=now_s() + life_s,
            )
        )

    def get(self, upload_id: UploadId) -> UploadRow | None:
        query = select(upload).where(upload.c.id == upload_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else upload_row(row, self._parts(row))

    def _parts(self, row: Row[Any]) -> tuple[UploadId, ...]:
        if row.kind != UploadKind.FINAL.value:
            return ()
        query = select(upload_part.c.part_id).where(upload_part.c.final_id == row.id)
        found = self._connection.execute(query.order_by(upload_part.c.position))
        return tuple(found.scalars())

    def page(
        self, after: tuple[float, str] | None, limit: int, owner: str | None
    ) -> list[tuple[float, UploadRow]]:
        query = select(upload).where(upload.c.state == _OPEN)
        if after is not None:
            query = query.where(tuple_(upload.c.created_at, upload.c.id) < after)
        if owner is not None:
            query = query.where(upload.c.account == owner)
        query = query.order_by(upload.c.created_at.desc(), upload.c.id.desc()).limit(limit)
        return [(row.created_at, upload_row(row)) for row in self._connection.execute(query)]

    def take(self, upload_id: UploadId, holder: str, *, over_epoch: int | None = None) -> bool:
        free: ColumnElement[bool] = upload.c.holder.is_(None)
        if over_epoch is not None:
            free = or_(free, upload.c.epoch == over_epoch)
        taken = self._connection.execute(
            update(upload)
            .where(upload.c.id == upload_id, upload.c.state == _OPEN, free)
            .values(holder=holder, epoch=upload.c.epoch + 1, moved_at=now_s())
        )
        return taken.rowcount == 1

    def release(self, upload_id: UploadId, epoch: int) -> bool:
        return self._change(upload_id, epoch, holder=None)

    def set_length(self, upload_id: UploadId, epoch: int, length_bytes: int) -> bool:
        return self._change(upload_id, epoch, length_bytes=length_bytes)

    def advance(
        self,
        upload_id: UploadId,
        epoch: int,
        draft: dict[str, Any],
        *,
        offset_bytes: int,
        speed_bytes_s: float,
        life_s: float,
    ) -> bool:
        return self._change(
            upload_id,
            epoch,
            draft=draft,
            offset_bytes=offset_bytes,
            speed_bytes_s=speed_bytes_s,
            moved_at=now_s(),
            expires_at=now_s() + life_s,
        )

    def complete(self, upload_id: UploadId, epoch: int, size_bytes: int) -> bool:
        return self._change(
            upload_id,
            epoch,
            state=UploadState.COMPLETED.value,
            holder=None,
            draft=None,
            offset_bytes=size_bytes,
            length_bytes=size_bytes,
            moved_at=now_s(),
        )

    def set_job(self, upload_id: UploadId, job_id: JobId) -> None:
        change = update(upload).where(upload.c.id == upload_id).values(job_id=job_id)
        self._connection.execute(change)

    def terminate(self, upload_id: UploadId, epoch: int) -> bool:
        ended = self._connection.execute(
            update(upload)
            .where(upload.c.id == upload_id, upload.c.epoch == epoch, upload.c.state.in_(_THERE))
            .values(state=UploadState.TERMINATED.value, holder=None, draft=None, moved_at=now_s())
        )
        return ended.rowcount == 1

    def _change(self, upload_id: UploadId, epoch: int, **values: Any) -> bool:
        changed = self._connection.execute(
            update(upload)
            .where(upload.c.id == upload_id, upload.c.epoch == epoch, upload.c.state == _OPEN)
            .values(**values)
        )
        return changed.rowcount == 1

    def add_parts(self, final_id: UploadId, parts: Sequence[UploadId]) -> None:
        self._connection.execute(
            insert(upload_part),
            [
                {"final_id": final_id, "position": position, "part_id": part}
                for position, part in enumerate(parts)
            ],
        )
