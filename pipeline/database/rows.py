"""Rows as services see them: plain frozen values, times as aware UTC datetimes."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.certificate import CertificateState, Point, StretchProof
from schemas.identity import Playback
from schemas.media import MediaFacts
from schemas.plan import MediaPlan
from schemas.profile import Profile
from schemas.vocabulary import (
    AssetId,
    AssetState,
    JobId,
    JobState,
    Medium,
    QueueName,
    TaskId,
    TaskKind,
    TaskState,
    WorkerId,
)

#: ``{"code", "detail", "remedy"}`` of an ErrorView.
ErrorJson = dict[str, str]


@dataclass(frozen=True)
class NewAsset:
    """An asset to insert; it waits."""

    id: AssetId
    account: str
    filename: str
    source_key: str
    size_bytes: int
    sha256: str
    playback: Playback = Playback.PUBLIC
    #: Of the app that handed it in, passed through.
    metadata: dict[str, str] = field(default_factory=dict)
    #: How long a broadcast stays once it is over; None for ever.
    kept_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class AssetRow(NewAsset):
    """One asset."""

    state: AssetState
    created_at: datetime
    #: When something could first be watched.
    playable_at: datetime | None
    #: The job whose output players get.
    job_id: JobId | None
    facts: MediaFacts | None
    error: ErrorJson | None
    #: Signed addresses of another epoch are void.
    playback_epoch: int = 0
    #: When it goes by itself; None as long as that is not known, or never.
    expires_at: datetime | None = None


@dataclass(frozen=True)
class AssetGate:
    """What decides who may watch an asset."""

    account: str
    playback: Playback
    playback_epoch: int


@dataclass(frozen=True)
class NewJob:
    """A job to insert; it waits."""

    id: JobId
    asset_id: AssetId
    account: str
    profile: Profile
    priority: int
    rank: float
    metadata: dict[str, str]
    is_dry_run: bool
    max_attempts: int
    max_lost: int


@dataclass(frozen=True)
class JobRow(NewJob):
    """One job."""

    state: JobState
    plan: MediaPlan | None
    #: Build that all chunks come from, pinned at the first claim.
    encoder_build: str | None
    #: What segments are encrypted with, where they are.
    content_key: bytes | None = field(repr=False)
    #: Final playlists: name below the media address → object key.
    files: dict[str, str]
    error: ErrorJson | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class TaskRow:
    """One task without its params and result."""

    id: TaskId
    job_id: JobId
    asset_id: AssetId
    kind: TaskKind
    queue: QueueName
    state: TaskState
    chunk: int | None
    attempt: int
    max_attempts: int
    lost_count: int
    max_lost: int
    fault_count: int
    epoch: int
    run_after: datetime
    lease_owner: WorkerId | None
    is_cancel_requested: bool
    is_build_pinned: bool
    is_background: bool
    progress: dict[str, float]
    fraction: float
    weight: float
    error: ErrorJson | None
    needs: tuple[TaskId, ...] = ()


@dataclass(frozen=True)
class ClaimedRow:
    """What the claim statement hands out."""

    id: TaskId
    job_id: JobId
    asset_id: AssetId
    kind: TaskKind
    epoch: int
    attempt: int
    is_build_pinned: bool
    scratch_bytes: int
    params: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Wanted:
    """What a worker offers when it claims."""

    worker_id: WorkerId
    queue: QueueName
    encoder_build: str
    scratch_free_bytes: int
    #: Digests of sources already on the box.
    cached: tuple[str, ...]


@dataclass(frozen=True)
class RenditionRow:
    """One rendition of a job."""

    job_id: JobId
    name: str
    medium: Medium
    codec: str
    bitrate_bps: int
    width_px: int | None
    height_px: int | None
    frame_rate: str | None
    channels: int | None
    sample_rate_hz: int | None
    language: str | None
    title: str
    is_default: bool
    #: Words of ffprobe's, with blanks between.
    dispositions: str
    n_segments: int | None
    #: RFC 6381; empty until the first segment exists.
    codecs: str
    position: int
    #: Digest of what decides its bytes; empty where it is never lent.
    fingerprint: str = ""
    #: The job whose segments it shows; None for its own.
    lender_id: JobId | None = None


@dataclass(frozen=True)
class Loan:
    """A rendition an earlier job finished and a later one may show."""

    fingerprint: str
    lender_id: JobId
    encoder_build: str
    codecs: str


@dataclass(frozen=True)
class SegmentRow:
    """One published segment."""

    rendition: str
    index: int
    duration_s: str
    size_bytes: int
    key: str
    init_key: str
    init_sha256: str
    start_ms: int | None = None
    is_discontinuous: bool = False


@dataclass(frozen=True)
class CertificateRow:
    """What is proven of a job's output so far."""

    job_id: JobId
    asset_id: AssetId
    state: CertificateState
    n_stretches: int
    #: By index of the stretch; those still missing are not there.
    proofs: dict[int, StretchProof]
    points: tuple[Point, ...]
    error: ErrorJson | None
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True)
class WorkerRow:
    """One worker process."""

    id: WorkerId
    host: str
    queues: tuple[QueueName, ...]
    slots: int
    capabilities: dict[str, Any]
    started_at: datetime
    last_seen_at: datetime
    is_draining: bool
    silent_s: float


@dataclass(frozen=True)
class QueueRow:
    """Counts of one queue."""

    queue: QueueName
    ready: int
    delayed: int
    running: int
    is_paused: bool


@dataclass(frozen=True)
class OutboxRow:
    """One ring not yet published."""

    id: int
    queue: QueueName
    task_id: TaskId
