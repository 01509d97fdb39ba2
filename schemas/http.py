"""Request and response bodies of the HTTP API and of the websockets."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from schemas.certificate import CertificateState, Point
from schemas.events import Event
from schemas.frozen import Frozen
from schemas.identity import Playback
from schemas.media import MediaFacts, MediaWarning
from schemas.plan import MediaPlan, PlannedCommand
from schemas.profile import Profile
from schemas.sources import UrlSource
from schemas.trim import Trim
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


class Problem(Frozen):
    """An error as RFC 9457 problem+json, with our stable ``code``."""

    type: str
    title: str
    status: int
    detail: str
    #: Stable, dotted, e.g. ``asset.not_found``.
    code: str
    #: Why it is so; like title and remedy in the caller's language.
    cause: str = ""
    #: What the caller can do about it.
    remedy: str = ""
    instance: str | None = None
    errors: tuple[dict[str, Any], ...] = ()


class ErrorView(Frozen):
    """Why a task or job failed; title, cause and remedy in the reader's language."""

    code: str
    title: str = ""
    #: The particulars, in English.
    detail: str
    cause: str = ""
    remedy: str = ""


class AssetView(Frozen):
    """An asset as shown."""

    id: AssetId
    state: AssetState
    filename: str
    #: None until its source has been fetched; the digest until that has been read once.
    size_bytes: int | None
    sha256: str | None
    playback: Playback = Playback.PUBLIC
    metadata: dict[str, str] = Field(default_factory=dict)
    created_at: datetime
    job_id: JobId | None = None
    facts: MediaFacts | None = None
    error: ErrorView | None = None
    hls_url: str
    #: None where the segments are encrypted, which DASH does not know.
    dash_url: str | None
    watch_url: str
    #: One MP4, where the profile asks for it.
    download_url: str | None = None
    poster_url: str | None = None
    storyboard_url: str | None = None
    #: Of what is played, which a profile may have trimmed; left out in lists.
    chapters: tuple["ChapterView", ...] = ()
    #: None before the asset is ready.
    certificate: CertificateState | None = None
    renditions: tuple["RenditionView", ...] = ()
    #: What its owner may want to know; left out in lists.
    warnings: tuple[MediaWarning, ...] = ()
    #: When a recording goes by itself; None where it stays, or is not over yet.
    expires_at: datetime | None = None


class ChapterView(Frozen):
    """A stretch of the asset with a name."""

    start_s: float
    end_s: float
    title: str


class RenditionView(Frozen):
    """One rendition of an asset's current job."""

    name: str
    medium: Medium
    codec: str
    title: str = ""
    language: str | None = None
    is_default: bool = True
    channels: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    bitrate_bps: int
    #: 0–1 of its segments published.
    progress: float


class CertificateView(Frozen):
    """What was compared of an asset with its source, and the verdict."""

    asset_id: AssetId
    job_id: JobId
    state: CertificateState
    #: Stretches looked at so far, and how many there are.
    n_proven: int
    n_stretches: int
    #: Over all stretches; empty while the state is pending.
    points: tuple[Point, ...] = ()
    error: ErrorView | None = None
    #: Of all proofs together.
    cpu_s: float
    created_at: datetime
    decided_at: datetime | None = None


class JobRequest(Frozen):
    """Ask for an asset to be made playable, or for what lies at an address to become one."""

    # Says in the API's description what the validator below checks.
    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["asset_id"], "properties": {"asset_id": {"type": "string"}}},
                {"required": ["source"], "properties": {"source": {"type": "object"}}},
            ]
        }
    )

    asset_id: AssetId | None = None
    source: UrlSource | None = None
    profile: str = "default"
    #: Uses this stretch of the source alone, whatever the profile says.
    trim: Trim | None = None
    #: 9 is most urgent.
    priority: int = Field(default=5, ge=0, le=9)
    metadata: dict[str, str] = Field(default_factory=dict, max_length=50)
    dry_run: bool = False

    @model_validator(mode="after")
    def _names_one_source(self) -> Self:
        if (self.asset_id is None) == (self.source is None):
            raise ValueError("name either asset_id or source")
        return self


class TaskView(Frozen):
    """One node of the job's graph."""

    id: TaskId
    kind: TaskKind
    queue: QueueName
    state: TaskState
    #: Chunk of an encode task, stretch of a proof.
    chunk: int | None = None
    #: It goes on after the job has ended, and does not decide how.
    is_background: bool = False
    needs: tuple[TaskId, ...] = ()
    attempt: int
    max_attempts: int
    lost_count: int
    progress: dict[str, float]
    worker_id: WorkerId | None = None
    run_after: datetime | None = None
    error: ErrorView | None = None


class JobView(Frozen):
    """A job with its graph."""

    id: JobId
    asset_id: AssetId
    state: JobState
    profile: str
    priority: int
    metadata: dict[str, str]
    created_at: datetime
    finished_at: datetime | None = None
    #: 0–1 of all its work.
    progress: float
    #: 0–1 per rendition.
    rungs: dict[str, float]
    #: Seconds until done at the present pace; None while nothing is known.
    eta_s: float | None = None
    error: ErrorView | None = None
    #: What the source's owner may want to know; left out in lists, like the tasks.
    warnings: tuple[MediaWarning, ...] = ()
    tasks: tuple[TaskView, ...] = ()
    #: Number of the newest event this view includes.
    last_event_id: int = 0


class DryRunView(Frozen):
    """What a job would do, without doing it."""

    facts: MediaFacts
    plan: MediaPlan
    commands: tuple[PlannedCommand, ...]
    estimated_bytes: int
    estimated_s: float
    warnings: tuple[MediaWarning, ...] = ()


class Page(Frozen):
    """One page of a list; ``next`` is an opaque keyset cursor, None on the last page."""

    next: str | None = None


class JobPage(Page):
    """Jobs, newest first."""

    items: tuple[JobView, ...]


class AssetPage(Page):
    """Assets, newest first."""

    items: tuple[AssetView, ...]


class ProfileList(Frozen):
    """The profiles a server knows, by name."""

    items: tuple[Profile, ...]


class Submitted(Frozen):
    """One line of ``reelmill submit --json``."""

    asset_id: AssetId | None
    job_id: JobId | None
    state: str
    watch_url: str | None
    #: What went on in spite of something, once the job has ended.
    warnings: tuple[MediaWarning, ...] = ()
    error: ErrorView | None = None


class JobSnapshot(Frozen):
    """First message of a job's socket, and again after a gap."""

    type: Literal["snapshot"] = "snapshot"
    job: JobView
    last_event_id: int


class SystemSnapshot(Frozen):
    """First message of the socket over everything."""

    type: Literal["snapshot"] = "snapshot"
    jobs: tuple[JobView, ...]
    last_event_id: int


class EventMessage(Frozen):
    """A state change on a socket."""

    type: Literal["event"] = "event"
    event: Event
