"""Rows of uploads, turned into values and back."""

from typing import Any

from sqlalchemy import Row

from pipeline.database.sql.columns import utc
from pipeline.database.uploads import UploadRow, UploadWish
from schemas.identity import Playback
from schemas.profile import Profile
from schemas.uploads import UploadId, UploadKind, UploadState


def upload_row(row: Row[Any], parts: tuple[UploadId, ...] = ()) -> UploadRow:
    """Read a row."""
    return UploadRow(
        id=row.id,
        account=row.account,
        asset_id=row.asset_id,
        kind=UploadKind(row.kind),
        length_bytes=row.length_bytes,
        wish=_wish(row.wish),
        raw_metadata=row.raw_metadata,
        state=UploadState(row.state),
        offset_bytes=row.offset_bytes,
        draft=row.draft,
        epoch=row.epoch,
        holder=row.holder,
        speed_bytes_s=row.speed_bytes_s,
        created_at=utc(row.created_at),
        moved_at=utc(row.moved_at),
        expires_at=utc(row.expires_at),
        job_id=row.job_id,
        parts=parts,
    )


def _wish(kept: dict[str, Any]) -> UploadWish:
    return UploadWish(
        filename=kept["filename"],
        profile=Profile.model_validate(kept["profile"]),
        priority=kept["priority"],
        playback=Playback(kept["playback"]),
        metadata=kept["metadata"],
    )


def kept_wish(wish: UploadWish) -> dict[str, Any]:
    """Write a wish as the document that is kept."""
    return {
        "filename": wish.filename,
        "profile": wish.profile.model_dump(mode="json"),
        "priority": wish.priority,
        "playback": wish.playback.value,
        "metadata": wish.metadata,
    }
