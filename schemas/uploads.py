"""Uploads that come in pieces: their states, and how far they are."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from schemas.frozen import Frozen
from schemas.http import Page
from schemas.vocabulary import AssetId, JobId

UploadId = NewType("UploadId", str)


class UploadKind(StrEnum):
    """What an upload is of; the words of the protocol."""

    #: A file of its own.
    WHOLE = "whole"
    #: A piece of one.
    PARTIAL = "partial"
    #: One made of pieces.
    FINAL = "final"


class UploadState(StrEnum):
    """How an upload stands."""

    OPEN = "open"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    EXPIRED = "expired"


class Advance(StrEnum):
    """How a file that is handed in stands, as its owner sees it."""

    UPLOADING = "uploading"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class UploadStatus(Frozen):
    """How far an upload is, and what came of it; written the way browsers' scripts name things."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )

    upload_id: UploadId
    file_name: str
    #: None until the client knows.
    total_size: int | None
    uploaded_size: int
    #: 0–100, None while the size is unknown.
    percentage: float | None
    #: Bytes a second; 0 while nothing comes.
    speed: float
    #: Seconds until the last byte at the present speed; None where nobody can tell.
    estimated_time: float | None
    status: Advance
    asset_id: AssetId | None = None
    job_id: JobId | None = None
    expires_at: datetime | None = None


class UploadPage(Page):
    """Open uploads, newest first."""

    items: tuple[UploadStatus, ...]


class UploadMoved(Frozen):
    """An upload came further, or ended; sent at most twice a second and forgotten."""

    type: Literal["upload_moved"] = "upload_moved"
    upload_id: UploadId


class UploadWanted(Frozen):
    """Somebody reconnected to an upload: whoever still writes to it may stop and let go."""

    type: Literal["upload_wanted"] = "upload_wanted"
    upload_id: UploadId
    #: The grant that is asked back.
    epoch: int
