"""What watchers are told: state changes (rows, numbered, replayable) and progress (lossy)."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from schemas.frozen import Frozen
from schemas.vocabulary import AssetId, JobId, TaskId


class EventType(StrEnum):
    """Something that happened; past tense, because it cannot be undone."""

    ASSET_CREATED = "asset.created"
    ASSET_PLAYABLE = "asset.playable"
    ASSET_READY = "asset.ready"
    #: Something of the source does not decode; the work goes on.
    ASSET_DAMAGED = "asset.damaged"
    ASSET_FAILED = "asset.failed"
    ASSET_CANCELLED = "asset.cancelled"
    ASSET_DELETED = "asset.deleted"
    JOB_SUBMITTED = "job.submitted"
    JOB_STARTED = "job.started"
    JOB_PLANNED = "job.planned"
    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    JOB_RETRIED = "job.retried"
    CERTIFICATE_PASSED = "certificate.passed"
    CERTIFICATE_FAILED = "certificate.failed"
    #: By us, because its receiver is gone or fails; not when somebody asked for it.
    WEBHOOK_DISABLED = "webhook.disabled"
    #: It begins soon, as it was scheduled.
    STREAM_REMINDER = "stream.reminder"
    STREAM_LIVE = "stream.live"
    #: Its publisher is gone, and may come back.
    STREAM_INTERRUPTED = "stream.interrupted"
    STREAM_RESUMED = "stream.resumed"
    STREAM_ENDED = "stream.ended"
    #: The box cannot keep up: a rung shows what the one below it does.
    STREAM_THINNED = "stream.thinned"
    TASK_STARTED = "task.started"
    TASK_SUCCEEDED = "task.succeeded"
    TASK_RETRIED = "task.retried"
    TASK_LOST = "task.lost"
    TASK_HANDED_BACK = "task.handed_back"
    TASK_FAILED = "task.failed"
    TASK_CANCELLED = "task.cancelled"


class Event(Frozen):
    """One state change. ``id`` rises in commit order: whoever saw N has seen all below N."""

    id: int
    type: EventType
    at: datetime
    asset_id: AssetId | None = None
    job_id: JobId | None = None
    task_id: TaskId | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class ProgressTick(Frozen):
    """How far one running task is; sent at most twice a second and forgotten."""

    type: Literal["progress"] = "progress"
    job_id: JobId
    task_id: TaskId
    epoch: int
    #: 0–1 per rendition of the task.
    progress: dict[str, float]
    #: Source seconds worked per second, where the task knows it.
    speed: float | None = None


class EventsWaiting(Frozen):
    """A hint that new event rows may be read; lost hints cost a poll interval, nothing else."""

    type: Literal["events_waiting"] = "events_waiting"


class RingsWaiting(Frozen):
    """A hint for the relay that rings may be published; lost hints cost as little."""

    type: Literal["rings_waiting"] = "rings_waiting"
