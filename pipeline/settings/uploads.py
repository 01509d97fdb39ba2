"""Uploads that come in pieces: how long they may take, and how much of everything."""

from pydantic import Field
from pydantic_settings import BaseSettings

from schemas.access import Quotas


class UploadSettings(BaseSettings):
    """Resumable uploads."""

    upload_expiry_s: float = Field(
        default=86_400.0,
        gt=0,
        description="Seconds an unfinished upload waits for its next byte before it goes.",
    )
    upload_stall_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds a connection may bring nothing before its upload lets go of it.",
    )
    storage_floor_bytes: int = Field(
        default=512 * 2**20,
        ge=0,
        description="Room that uploads leave free in the storage, beyond what is promised to them.",
    )
    quota_bytes: int = Field(
        default=0, ge=0, description="Most bytes one account may have stored; 0 means no limit."
    )
    quota_uploads: int = Field(
        default=100, ge=0, description="Most unfinished uploads of one account; 0 means no limit."
    )
    quota_minutes_per_day: int = Field(
        default=0,
        ge=0,
        description="Most minutes of media an account may hand in within a day; 0: no limit.",
    )

    @property
    def quotas(self) -> Quotas:
        """What an account may have that was given nothing else."""
        return Quotas(
            stored_bytes=self.quota_bytes or None,
            open_uploads=self.quota_uploads or None,
            minutes_a_day=self.quota_minutes_per_day or None,
        )
