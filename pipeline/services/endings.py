"""What follows the end of an attempt, inside the caller's transaction."""

from collections.abc import Sequence

from pipeline.core import keys, lifecycle
from pipeline.core.argv.mux import DOWNLOAD_NAME, DOWNLOAD_TYPE
from pipeline.core.measures import is_awaited
from pipeline.core.retry import Failure, GiveUp, RetryAfter, decide_lost
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import ErrorJson, JobRow, TaskRow
from pipeline.services import assets, certificates, jobs, planning, sourcing
from pipeline.services.recordings import rescuing, taking
from schemas.events import EventType
from schemas.fetching import FetchResult
from schemas.media import Damage
from schemas.recording import RecordResult
from schemas.tasks import (
    AnalyzeResult,
    EncodeAudioResult,
    EncodeResult,
    ExtractSubtitlesResult,
    MuxResult,
    PackageResult,
    ProbeResult,
    ProveResult,
    RenditionMade,
    SegmentMade,
    TaskResult,
    ThumbnailsResult,
)
from schemas.vocabulary import AssetState, JobId, JobState, TaskKind, TaskState

#: Content types of the final playlists, by ending.
_PLAYLIST_TYPES = {"m3u8": "application/vnd.apple.mpegurl", "mpd": "application/dash+xml"}
WORKER_LOST = Failure(
    code="work.worker_lost",
    detail="the task lost its worker again and again",
    remedy="Look for out-of-memory kills on the workers; then retry the job.",
)


def succeed(tx: Transaction, task: TaskRow, result: TaskResult) -> bool:
    """Publish what a task made, release what waited for it, and end the job with its last task.

    Returns whether the job must be looked at again after the commit: a task nothing waits for
    may be the last although others, whose commits are under way, still seem to run.
    """
    _tell(tx, EventType.TASK_SUCCEEDED, task, {"kind": task.kind})
    if isinstance(result, ProveResult):
        # Background work: nothing waits for it, not even the job.
        certificates.add_proof(tx, task, result)
        return False
    if isinstance(result, EncodeResult | EncodeAudioResult) and result.damage is not None:
        _note_damage(tx, task, result.damage)
    if not _take(tx, task, result):
        return False
    freed, n_waiting = tx.tasks.release_dependents(task.id)
    tx.outbox.add(freed)
    if n_waiting:
        return False
    left = tx.jobs.open_state(task.job_id)
    if left is None:
        _complete(tx, jobs.need(tx, task.job_id))
    # While others wait, one of them will be the last.
    return left is TaskState.RUNNING


def _note_damage(tx: Transaction, task: TaskRow, counted: Damage) -> None:
    tx.media.add_damage(task.id, task.job_id, counted)
    _tell(tx, EventType.ASSET_DAMAGED, task, {"damage": counted.model_dump(mode="json")})


def _take(tx: Transaction, task: TaskRow, result: TaskResult) -> bool:
    """Put what a task made where it belongs; tell whether the job goes on."""
    match result:
        case FetchResult() | RecordResult():
            return _take_source(tx, task, result)
        case ProbeResult() | AnalyzeResult():
            return _plan(tx, task, result)
        case ThumbnailsResult():
            _show_pictures(tx, task, result)
        case EncodeResult() | ExtractSubtitlesResult():
            publish(tx, task, result.renditions, result.segments)
            _warn(tx, task, result)
        case EncodeAudioResult() if task.epoch > 1:
            # What an earlier attempt had published stays; this one's twins of it go.
            litter(tx, task)
        case MuxResult():
            _offer_download(tx, task, result)
        case PackageResult():
            _show_playlists(tx, task, result)
    return True


def _take_source(tx: Transaction, task: TaskRow, result: FetchResult | RecordResult) -> bool:
    if isinstance(result, RecordResult):
        return taking.take_in(tx, task, result)
    return sourcing.take_in(tx, task, result)


def _plan(tx: Transaction, task: TaskRow, result: ProbeResult | AnalyzeResult) -> bool:
    if isinstance(result, AnalyzeResult):
        return planning.plan_job(tx, task, result.found, result.measures)
    return planning.plan_job(tx, task, result)


def settle(db: Database, job_id: JobId) -> bool:
    """Complete a job if all its tasks but background work have succeeded; tell whether they had.

    Only what is committed counts here, so of several last tasks the one that committed last
    finds all others done. Completing is a compare-and-swap: it happens once.
    """
    with db.read() as tx:
        if tx.jobs.open_state(job_id) is not None:
            return False
    with db.write() as tx:
        job = tx.jobs.get(job_id)
        if job is not None and tx.jobs.open_state(job_id) is None:
            _complete(tx, job)
    return True


def publish(
    tx: Transaction,
    task: TaskRow,
    renditions: Sequence[RenditionMade],
    segments: Sequence[SegmentMade],
) -> None:
    """Make segments visible; the asset is playable once what a viewer begins with has started."""
    tx.media.publish((task.id, task.epoch), task.job_id, task.asset_id, renditions, segments)
    if any(segment.index == 0 for segment in segments):
        _play_if_possible(tx, task)


def _play_if_possible(tx: Transaction, task: TaskRow) -> None:
    started = tx.media.started(task.job_id)
    rows = tx.media.renditions(task.job_id)
    if any(row.name not in started for row in rows if is_awaited(row.medium, row.is_default)):
        return
    tx.assets.play(task.asset_id, task.job_id, only_if_none=True)
    before = lifecycle.ASSET[AssetState.PLAYABLE]
    if tx.assets.move(task.asset_id, before, AssetState.PLAYABLE):
        _tell(tx, EventType.ASSET_PLAYABLE, task)


def _warn(tx: Transaction, task: TaskRow, result: EncodeResult | ExtractSubtitlesResult) -> None:
    """Add to what is said of the source."""
    if isinstance(result, EncodeResult) or not result.warnings:
        return
    facts = assets.need(tx, task.asset_id).facts
    if facts is not None:
        said = tuple(dict.fromkeys((*facts.warnings, *result.warnings)))
        tx.assets.set_facts(task.asset_id, facts.model_copy(update={"warnings": said}))


def _show_pictures(tx: Transaction, task: TaskRow, result: ThumbnailsResult) -> None:
    files = {made.key: "image/jpeg" for made in result.posters}
    files.update(dict.fromkeys(result.sprite_keys, "image/jpeg"))
    if result.storyboard_key is not None:
        files[result.storyboard_key] = "text/vtt"
        tx.jobs.set_files(
            task.job_id,
            {**jobs.need(tx, task.job_id).files, "storyboard.vtt": result.storyboard_key},
        )
    tx.media.add_files(task.asset_id, task.job_id, files)
    tx.media.add_pictures(task.job_id, result.posters)


def _offer_download(tx: Transaction, task: TaskRow, result: MuxResult) -> None:
    tx.media.add_files(task.asset_id, task.job_id, {result.key: DOWNLOAD_TYPE})
    files = {**jobs.need(tx, task.job_id).files, DOWNLOAD_NAME: result.key}
    tx.jobs.set_files(task.job_id, files)


def _show_playlists(tx: Transaction, task: TaskRow, result: PackageResult) -> None:
    files = {key: _PLAYLIST_TYPES[name.rpartition(".")[2]] for name, key in result.files.items()}
    tx.media.add_files(task.asset_id, task.job_id, files)
    tx.jobs.set_files(task.job_id, {**jobs.need(tx, task.job_id).files, **result.files})


def _complete(tx: Transaction, job: JobRow) -> None:
    if not tx.jobs.move(job.id, lifecycle.JOB[JobState.SUCCEEDED], JobState.SUCCEEDED):
        return
    tx.emit(EventType.JOB_SUCCEEDED, asset_id=job.asset_id, job_id=job.id)
    if job.is_dry_run:
        return
    tx.assets.play(job.asset_id, job.id, only_if_none=False)
    if tx.assets.move(job.asset_id, lifecycle.ASSET[AssetState.READY], AssetState.READY):
        tx.assets.set_error(job.asset_id, None)
        tx.emit(EventType.ASSET_READY, asset_id=job.asset_id, job_id=job.id)


def fail(tx: Transaction, task: TaskRow, failure: Failure, *, lost: int = 0) -> None:
    """End a task as failed, and its job with it; background work fails the certificate alone."""
    error = error_of(failure)
    tx.tasks.end(task.id, task.epoch, TaskState.FAILED, error, lost=lost)
    litter(tx, task)
    _tell(tx, EventType.TASK_FAILED, task, {"kind": task.kind, "error": error})
    if task.is_background:
        _fail_background(tx, task, error)
        return
    jobs.end(tx, jobs.need(tx, task.job_id), JobState.FAILED, error)
    if task.kind is TaskKind.LIVE:
        rescuing.rescue(tx, tx.sessions.of_asset(task.asset_id))


def _fail_background(tx: Transaction, task: TaskRow, error: ErrorJson) -> None:
    if task.kind is TaskKind.PROVE:
        certificates.add_failure(tx, task, error)
    elif task.kind is TaskKind.THUMBNAILS:
        # Playlists are more than stills.
        freed, _ = tx.tasks.release_dependents(task.id)
        tx.outbox.add(freed)
    else:
        certificates.give_up(tx, task, error)


def again(
    tx: Transaction,
    task: TaskRow,
    verdict: RetryAfter,
    type_: EventType,
    failure: Failure,
    *,
    lost: int = 0,
) -> None:
    """Give a task another attempt later."""
    error = error_of(failure)
    tx.tasks.back_to_ready(
        task.id,
        task.epoch,
        delay_s=verdict.delay_s,
        error=error,
        returned_attempt=verdict.is_fault,
        lost=lost,
        faults=int(verdict.is_fault and not lost),
    )
    litter(tx, task)
    tx.outbox.add([task.id], delay_s=verdict.delay_s)
    _tell(tx, type_, task, {"kind": task.kind, "error": error, "delay_s": verdict.delay_s})


def lose(tx: Transaction, task: TaskRow, *, jitter: float) -> None:
    """Take a task from a worker that went silent; too many such losses fail it."""
    lost = task.lost_count + 1
    if task.is_cancel_requested:
        tx.tasks.end(task.id, task.epoch, TaskState.CANCELLED, None, lost=1)
        litter(tx, task)
        _tell(tx, EventType.TASK_CANCELLED, task)
        return
    verdict = decide_lost(lost=lost, max_lost=task.max_lost, jitter=jitter)
    if isinstance(verdict, GiveUp):
        fail(tx, task, WORKER_LOST, lost=1)
    else:
        again(tx, task, verdict, EventType.TASK_LOST, WORKER_LOST, lost=1)


def litter(tx: Transaction, task: TaskRow) -> None:
    """Note what this attempt may have written for collection."""
    prefix = keys.attempt_prefix(task.asset_id, task.id, task.epoch)
    tx.garbage.add(prefix, delay_s=0.0)


def error_of(failure: Failure) -> dict[str, str]:
    """Lay a failure out as it is stored and shown."""
    words = {"code": failure.code, "detail": failure.detail, "remedy": failure.remedy}
    # What strangers' files make programs say; PostgreSQL stores no NUL.
    return {name: text.replace("\0", "\ufffd") for name, text in words.items()}


def _tell(
    tx: Transaction, type_: EventType, task: TaskRow, data: dict[str, object] | None = None
) -> None:
    tx.emit(type_, asset_id=task.asset_id, job_id=task.job_id, task_id=task.id, data=data)
