"""The statements services may make about uploads, and their rows; see ``port``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from schemas.identity import Playback
from schemas.profile import Profile
from schemas.uploads import UploadId, UploadKind, UploadState
from schemas.vocabulary import AssetId, JobId


@dataclass(frozen=True)
class UploadWish:
    """What shall become of the file."""

    filename: str
    profile: Profile
    priority: int
    playback: Playback
    metadata: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    """An upload to insert; it is open."""

    id: UploadId
    account: str
    #: Whose the bytes will be; there is no such asset yet.
    asset_id: AssetId
    kind: UploadKind
    #: None until the client knows.
    length_bytes: int | None
    wish: UploadWish
    #: The protocol's own words, to be shown again.
    raw_metadata: str | None


@dataclass(frozen=True, kw_only=True)
class UploadRow(NewUpload):
    """One upload."""

    state: UploadState
    #: What is safe.
    offset_bytes: int
    #: What the store must remember of it; None before the first byte and after the end.
    draft: dict[str, Any] | None
    #: Rises with each grant to write; who holds an older one writes nothing any more.
    epoch: int
    #: Who writes now.
    holder: str | None
    #: Bytes a second, as last measured.
    speed_bytes_s: float
    created_at: datetime
    #: When its last bytes became safe.
    moved_at: datetime
    expires_at: datetime
    job_id: JobId | None
    parts: tuple[UploadId, ...] = ()


@dataclass(frozen=True)
class Share:
    """What an account has of everything."""

    #: Of its assets, its open uploads, and its parts that nothing was put together from.
    n_bytes: int
    n_uploads: int
    #: Of media handed in within the last day, as far as it has been looked at.
    duration_s: float


class UploadRows(Protocol):
    """Uploads."""

    def add(self, row: NewUpload, *, life_s: float) -> None: ...
    def get(self, upload_id: UploadId) -> UploadRow | None: ...
    def page(
        self, after: tuple[float, str] | None, limit: int, owner: str | None
    ) -> list[tuple[float, UploadRow]]:
        """Open ones, newest first, with the key of each row for the next page."""

    def take(self, upload_id: UploadId, holder: str, *, over_epoch: int | None = None) -> bool:
        """Grant an open upload to a writer, raising its epoch.

        False where somebody holds it, unless that is by the grant ``over_epoch``.
        """

    def release(self, upload_id: UploadId, epoch: int) -> bool:
        """Give a grant back; False where it stands no more."""

    def set_length(self, upload_id: UploadId, epoch: int, length_bytes: int) -> bool: ...
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
        """Note what is safe now; False where the grant stands no more."""

    def complete(self, upload_id: UploadId, epoch: int, size_bytes: int) -> bool:
        """End it well, once; False where the grant stands no more."""

    def set_job(self, upload_id: UploadId, job_id: JobId) -> None: ...

    def terminate(self, upload_id: UploadId, epoch: int) -> bool:
        """Have an upload be gone on its owner's wish; False where the grant stands no more."""

    def expire(self, upload_id: UploadId) -> bool:
        """End one whose time is over, partial ones that are whole included."""

    def add_parts(self, final_id: UploadId, parts: Sequence[UploadId]) -> None: ...
    def expired(self, limit: int) -> list[UploadId]:
        """Find open ones, and partial ones nobody put together, whose time is over."""

    def finished(self, limit: int, *, quiet_s: float) -> list[UploadRow]:
        """Find open ones that have all their bytes and that nobody moved for a while."""

    def trim(self, older_than_s: float, limit: int) -> int:
        """Forget uploads that ended long ago."""

    def promised_bytes(self) -> int:
        """Sum up what open uploads are still to bring."""

    def share(self, account: str) -> Share: ...
    def joined(self, parts: Sequence[UploadId]) -> set[UploadId]:
        """Find those parts that some final upload has already."""

    def is_needed(self, asset_id: AssetId) -> bool:
        """Tell whether these are the bytes of a part that a whole was not read from yet."""
