"""The statements services may make, by table; see ``port`` for what holds for all of them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from pipeline.core.graph import NewTask
from pipeline.database.filters import EVERY_ASSET, EVERY_JOB, AssetFilter, JobFilter
from pipeline.database.rows import (
    AssetGate,
    AssetRow,
    ClaimedRow,
    ErrorJson,
    JobRow,
    Loan,
    NewAsset,
    NewJob,
    OutboxRow,
    RenditionRow,
    SegmentRow,
    TaskRow,
    Wanted,
)
from schemas.events import Event
from schemas.media import Damage, MediaFacts
from schemas.plan import MediaPlan
from schemas.tasks import Picture, RenditionMade, SegmentMade
from schemas.vocabulary import (
    AssetId,
    AssetState,
    JobId,
    JobState,
    QueueName,
    TaskId,
    TaskState,
    WorkerId,
)
from schemas.workers import Pulse


class AssetRows(Protocol):
    """Assets."""

    def add(self, row: NewAsset) -> None: ...
    def get(self, asset_id: AssetId) -> AssetRow | None: ...
    def hold(self, asset_id: AssetId) -> AssetRow | None:
        """Get the asset and keep it from being deleted until the transaction ends."""

    def page(
        self,
        after: tuple[float, str] | None,
        limit: int,
        wished: AssetFilter = EVERY_ASSET,
    ) -> list[tuple[float, AssetRow]]:
        """Newest first, with the key of each row for the next page."""

    def move(self, asset_id: AssetId, before: Sequence[AssetState], after: AssetState) -> bool:
        """Change the state if it is one of ``before``; tell whether it was."""

    def set_source(
        self, asset_id: AssetId, *, key: str, size_bytes: int, sha256: str, filename: str
    ) -> None:
        """Say where the source lies and what it is; an empty name leaves the one it has."""

    def edit(self, asset_id: AssetId, said: Mapping[str, Any]) -> AssetRow | None:
        """Hold the asset against other edits, change some of what people say of it, get it."""

    def set_facts(self, asset_id: AssetId, facts: MediaFacts) -> None: ...
    def set_error(self, asset_id: AssetId, error: ErrorJson | None) -> None: ...
    def play(self, asset_id: AssetId, job_id: JobId, *, only_if_none: bool) -> None:
        """Let players get this job's output."""

    def gates(self, asset_ids: Collection[AssetId]) -> dict[AssetId, AssetGate]:
        """Tell who may watch which; those that are gone are left out."""

    def revoke_links(self, asset_id: AssetId) -> None:
        """Void all signed addresses given out so far."""

    def expire(self, asset_id: AssetId) -> None:
        """Let the time it is kept run from now on, where it is not kept for ever."""

    def expired(self, linger_s: float, limit: int) -> list[AssetId]:
        """List those whose time was over so long ago."""

    def delete(self, asset_id: AssetId) -> bool:
        """Remove the asset and every row below it."""


class JobRows(Protocol):
    """Jobs."""

    def add(self, row: NewJob) -> None: ...
    def get(self, job_id: JobId) -> JobRow | None: ...
    def page(
        self,
        after: tuple[float, str] | None,
        limit: int,
        wished: JobFilter = EVERY_JOB,
    ) -> list[tuple[float, JobRow]]: ...
    def fractions(self, job_ids: Sequence[JobId]) -> dict[JobId, float]:
        """Done share of each job, 0–1, weighted by the tasks' expected cost."""

    def active_of(self, account: str) -> int:
        """Count jobs of the account that wait or run."""

    def move(
        self,
        job_id: JobId,
        before: Sequence[JobState],
        after: JobState,
        error: ErrorJson | None = None,
    ) -> bool: ...
    def plan(self, job_id: JobId, plan: MediaPlan) -> None: ...
    def open_state(self, job_id: JobId) -> TaskState | None:
        """Tell the state of a task that has not succeeded, RUNNING only where no other waits.

        Background work is passed over.

        None means that all have.
        """

    def unsettled(self, limit: int) -> list[JobId]:
        """List active jobs all of whose tasks, background work aside, have succeeded."""

    def pin_build(self, job_id: JobId, build: str | None) -> str | None:
        """Pin the build unless one is pinned, and return the one that is; None unpins."""

    def set_files(self, job_id: JobId, files: Mapping[str, str]) -> None: ...
    def files(self, job_id: JobId) -> dict[str, str]: ...
    def set_content_key(self, job_id: JobId, key: bytes) -> None: ...
    def is_encrypted(self, job_id: JobId) -> bool: ...
    def now(self) -> float:
        """Tell the database's time in seconds since the epoch."""


class TaskRows(Protocol):
    """Tasks: the statements that decide who works on what."""

    def add(self, job: NewJob, sha256: str, tasks: Sequence[NewTask]) -> None:
        """Insert tasks, ready where they need nothing, blocked otherwise."""

    def get(self, task_id: TaskId) -> TaskRow | None: ...
    def of_job(self, job_id: JobId) -> list[TaskRow]: ...
    def claim(self, wanted: Wanted, lease_s: float) -> ClaimedRow | None:
        """Grant the best eligible ready task of the queue; raise its epoch, count the attempt."""

    def renew(self, pulses: Sequence[Pulse], lease_s: float) -> dict[TaskId, bool]:
        """Renew leases whose epoch stands; tell for each of those whether to cancel.

        One that somebody else is changing is left as it is and told of as it was.
        """

    def holds(self, task_id: TaskId, epoch: int) -> bool:
        """Tell whether the epoch stands, and keep it so until the transaction ends."""

    def holds_expired(self, task_id: TaskId, epoch: int) -> bool:
        """Tell the same of a lease that is over; rows others work on are passed over."""

    def succeed(self, task_id: TaskId, epoch: int, result: dict[str, Any]) -> TaskRow | None:
        """End a running task well; None when its epoch is gone or a cancel is asked."""

    def release_dependents(self, task_id: TaskId) -> tuple[list[TaskId], int]:
        """Count one need as met; those with none left become ready.

        Returns the ready ones and how many of those that waited the job's end waits for.
        """

    def back_to_ready(
        self,
        task_id: TaskId,
        epoch: int,
        *,
        delay_s: float,
        error: ErrorJson | None,
        returned_attempt: bool,
        lost: int = 0,
        faults: int = 0,
    ) -> bool:
        """Give a running task away again, in ``delay_s``."""

    def end(
        self,
        task_id: TaskId,
        epoch: int,
        state: TaskState,
        error: ErrorJson | None,
        *,
        lost: int = 0,
    ) -> bool:
        """End a running task as failed or cancelled."""

    def cancel_of_job(self, job_id: JobId) -> list[TaskId]:
        """Ask running tasks to stop, cancel those that do not run; return the latter."""

    def reopen(self, job_id: JobId) -> list[TaskId]:
        """Make failed and cancelled tasks of a job blocked or ready again; return the ready."""

    def running_of(self, job_id: JobId) -> int: ...
    def expired(self, limit: int) -> list[tuple[TaskId, int]]:
        """Running tasks whose lease is over, with their epochs."""

    def running_by(self, worker_id: WorkerId | None) -> list[tuple[TaskId, int, WorkerId]]:
        """Running tasks with epoch and owner, of one worker or of all."""

    def unheard(self, queue: QueueName, limit: int) -> list[TaskId]:
        """Ready tasks of a queue that are due and have no ring in the outbox, most urgent first."""

    def move_queue(self, before: QueueName, after: QueueName, job_id: JobId | None) -> list[TaskId]:
        """Hand waiting tasks to another queue; return those that are ready."""

    def strand_builds(self, queue: QueueName, live_builds: Sequence[str]) -> int:
        """Unpin jobs with ready pinned tasks in a queue none of whose workers has the build."""


class OutboxRows(Protocol):
    """Rings waiting for the relay."""

    def add(self, task_ids: Sequence[TaskId], *, delay_s: float = 0.0) -> None: ...
    def due(self, limit: int) -> list[OutboxRow]:
        """Take due rows, oldest first, hidden from other relays until the transaction ends."""

    def delete(self, ids: Sequence[int]) -> None: ...
    def waiting(self, *, is_due: bool = False) -> dict[QueueName, int]:
        """Count rows per queue, all or only what is due."""


class EventRows(Protocol):
    """State changes, numbered in commit order."""

    def has_unnumbered(self) -> bool:
        """Tell whether committed events wait for their number."""

    def number(self, limit: int) -> int:
        """Number committed events in an order that readers cannot miss any in."""

    def after(self, last_id: int, limit: int, job_id: JobId | None) -> list[Event]: ...
    def newest_id(self) -> int: ...
    def trim(self, older_than_s: float, limit: int) -> int: ...


class MediaRows(Protocol):
    """What players may get."""

    def add_renditions(self, rows: Sequence[RenditionRow]) -> None: ...
    def renditions(self, job_id: JobId) -> list[RenditionRow]: ...
    def publish(
        self,
        task: tuple[TaskId, int],
        job_id: JobId,
        asset_id: AssetId,
        renditions: Sequence[RenditionMade],
        segments: Sequence[SegmentMade],
    ) -> None:
        """Make segments and their init segments visible; those already visible stay."""

    def segments(self, job_id: JobId) -> list[SegmentRow]:
        """All published segments of a job by rendition and index."""

    def newest(self, job_id: JobId, n_segments: int) -> list[SegmentRow]:
        """The last so many published segments of each rendition, by position and index."""

    def n_breaks(self, job_id: JobId, before_index: int) -> int:
        """Count the discontinuities of a broadcast before a segment, the first one's left out."""

    def loans(self, asset_id: AssetId, fingerprints: Sequence[str]) -> list[Loan]:
        """Find what jobs of the asset that succeeded made of these, newest first.

        Not of a damaged source: what did not decode is counted where it is made. Nor of jobs whose
        certificate failed.
        """

    def counts(self, job_id: JobId) -> dict[str, int]: ...
    def started(self, job_id: JobId) -> frozenset[str]:
        """Name the renditions whose first segment is published."""

    def add_files(self, asset_id: AssetId, job_id: JobId, files: Mapping[str, str]) -> None:
        """Make objects visible: key → content type."""

    def file_type(self, asset_id: AssetId, key: str) -> str | None:
        """Tell the content type of a visible object, None if it is not visible."""

    def keys_below(self, asset_id: AssetId, prefix: str) -> frozenset[str]:
        """Name the asset's visible objects below a prefix."""

    def add_pictures(self, job_id: JobId, pictures: Sequence[Picture]) -> None: ...
    def poster_key(self, job_id: JobId) -> str | None: ...
    def add_damage(self, task_id: TaskId, job_id: JobId, counted: Damage) -> None:
        """Note what of its part of the source a task could not decode."""

    def damages(self, job_id: JobId) -> list[Damage]: ...
