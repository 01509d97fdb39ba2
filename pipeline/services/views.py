"""Rows as the outside sees them."""

from collections.abc import Sequence

from pipeline.core import keys, losses
from pipeline.core.argv.mux import DOWNLOAD_NAME
from pipeline.core.lifecycle import JOB_ENDED
from pipeline.database.port import Transaction
from pipeline.database.rows import AssetRow, ErrorJson, JobRow, RenditionRow, TaskRow
from pipeline.services import certificates, chapters
from schemas.http import AssetView, ChapterView, ErrorView, JobView, RenditionView, TaskView
from schemas.media import MediaFacts, MediaWarning
from schemas.plan import MediaPlan
from schemas.vocabulary import AssetId, AssetState, JobId, JobState, TaskKind, TaskState

#: Below this share of work done, an estimate of the rest would be noise.
_LEAST_SHARE_FOR_ETA = 0.02


def asset(tx: Transaction, row: AssetRow, *, is_detailed: bool) -> AssetView:
    """Show an asset; its renditions only when asked for in detail."""
    base = f"/media/{row.id}"
    is_encrypted = row.job_id is not None and tx.jobs.is_encrypted(row.job_id)
    poster_key = tx.media.poster_key(row.job_id) if row.job_id else None
    return AssetView(
        id=row.id,
        state=row.state,
        filename=row.filename,
        size_bytes=row.size_bytes or None,
        sha256=row.sha256 or None,
        playback=row.playback,
        metadata=row.metadata,
        created_at=row.created_at,
        job_id=row.job_id,
        facts=row.facts if is_detailed else None,
        error=_error(row.error),
        hls_url=f"{base}/master.m3u8",
        dash_url=None if is_encrypted else f"{base}/manifest.mpd",
        watch_url=f"/watch/{row.id}",
        download_url=_download_url(tx, row),
        poster_url=_media_url(row.id, poster_key),
        storyboard_url=f"{base}/storyboard.vtt" if _has_storyboard(tx, row) else None,
        chapters=_chapters(tx, row) if is_detailed else (),
        renditions=_renditions(tx, row) if is_detailed else (),
        warnings=_warnings(tx, row.facts, row.job_id) if is_detailed else (),
        certificate=certificates.state(tx, row),
        expires_at=row.expires_at,
    )


def _has_storyboard(tx: Transaction, row: AssetRow) -> bool:
    return row.job_id is not None and "storyboard.vtt" in tx.jobs.files(row.job_id)


def _chapters(tx: Transaction, row: AssetRow) -> tuple[ChapterView, ...]:
    return tuple(
        ChapterView(start_s=float(one.start_s), end_s=float(one.end_s), title=one.title)
        for one in chapters.of(tx, row)
    )


def _warnings(
    tx: Transaction, said: MediaFacts | MediaPlan | None, job_id: JobId | None
) -> tuple[MediaWarning, ...]:
    """Join what probing or planning said with what encoding counted, the latter first."""
    counted = losses.warnings(tx.media.damages(job_id)) if job_id is not None else ()
    return (*counted, *(said.warnings if said is not None else ()))


def _download_url(tx: Transaction, row: AssetRow) -> str | None:
    if row.job_id is None or DOWNLOAD_NAME not in tx.jobs.files(row.job_id):
        return None
    return _media_url(row.id, keys.media_key(row.id, DOWNLOAD_NAME))


def _media_url(asset_id: AssetId, key: str | None) -> str | None:
    return None if key is None else f"/media/{asset_id}/{keys.media_path(asset_id, key)}"


def _renditions(tx: Transaction, row: AssetRow) -> tuple[RenditionView, ...]:
    if row.job_id is None:
        return ()
    counts = tx.media.counts(row.job_id)
    is_ready = row.state is AssetState.READY
    return tuple(
        _rendition(r, _share_published(r, counts.get(r.name, 0), is_ready=is_ready))
        for r in tx.media.renditions(row.job_id)
    )


def _share_published(row: RenditionRow, n_published: int, *, is_ready: bool) -> float:
    if not row.n_segments:  # of a broadcast: nobody knows how many, until it is over
        return 1.0 if is_ready else 0.0
    return min(1.0, n_published / row.n_segments)


def _rendition(row: RenditionRow, progress: float) -> RenditionView:
    return RenditionView(
        name=row.name,
        medium=row.medium,
        codec=row.codec,
        title=row.title,
        language=row.language,
        is_default=row.is_default,
        channels=row.channels,
        width_px=row.width_px,
        height_px=row.height_px,
        bitrate_bps=row.bitrate_bps,
        progress=progress,
    )


def job(tx: Transaction, row: JobRow) -> JobView:
    """Show a job with its graph and its progress per rendition."""
    tasks = tx.tasks.of_job(row.id)
    total = sum(task.weight for task in tasks)
    done = sum(task.weight * _share(task) for task in tasks)
    # Before the plan is made the probe is all there is: it must not read as 100 %.
    is_planned = row.plan is not None or row.is_dry_run
    progress = _progress(row, done / total if total and is_planned else 0.0)
    return _job(tx, row, progress).model_copy(
        update={
            "rungs": rungs(tasks),
            "warnings": _warnings(tx, row.plan, row.id),
            "tasks": tuple(_task(task) for task in tasks),
            "last_event_id": tx.events.newest_id(),
        }
    )


def job_list(tx: Transaction, rows: Sequence[JobRow]) -> tuple[JobView, ...]:
    """Show jobs without their graphs."""
    shares = tx.jobs.fractions([row.id for row in rows])
    return tuple(_job(tx, row, _progress(row, shares.get(row.id, 0.0))) for row in rows)


def _job(tx: Transaction, row: JobRow, progress: float) -> JobView:
    return JobView(
        id=row.id,
        asset_id=row.asset_id,
        state=row.state,
        profile=row.profile.name,
        priority=row.priority,
        metadata=row.metadata,
        created_at=row.created_at,
        finished_at=row.finished_at,
        progress=progress,
        rungs={},
        eta_s=_eta_s(tx, row, progress),
        error=_error(row.error),
    )


def _progress(row: JobRow, share: float) -> float:
    if row.state is JobState.SUCCEEDED:
        return 1.0
    # 1.0 is kept for what is published.
    return min(share, 0.999) if row.plan is not None else 0.0


def _eta_s(tx: Transaction, row: JobRow, progress: float) -> float | None:
    if row.state in JOB_ENDED or row.started_at is None or progress < _LEAST_SHARE_FOR_ETA:
        return None
    elapsed_s = tx.jobs.now() - row.started_at.timestamp()
    return round(elapsed_s * (1 - progress) / progress, 1)


def _share(task: TaskRow) -> float:
    return 1.0 if task.state is TaskState.SUCCEEDED else task.fraction


def rungs(tasks: Sequence[TaskRow]) -> dict[str, float]:
    """Sum the progress of encode tasks up per rendition, 0–1, chunks weighed by length."""
    done: dict[str, float] = {}
    whole: dict[str, float] = {}
    for task in tasks:
        if task.kind not in {TaskKind.ENCODE, TaskKind.ENCODE_AUDIO}:
            continue
        for name, part in task.progress.items():
            whole[name] = whole.get(name, 0.0) + task.weight
            done[name] = done.get(name, 0.0) + task.weight * _part(task, part)
    return {name: round(done[name] / whole[name], 4) for name in whole if whole[name]}


def _part(task: TaskRow, part: float) -> float:
    if task.state is TaskState.SUCCEEDED:
        return 1.0
    return min(part, 1.0) if task.state is TaskState.RUNNING else 0.0


def _task(row: TaskRow) -> TaskView:
    is_delayed = row.state is TaskState.READY
    return TaskView(
        id=row.id,
        kind=row.kind,
        queue=row.queue,
        state=row.state,
        chunk=row.chunk,
        is_background=row.is_background,
        needs=row.needs,
        attempt=row.attempt,
        max_attempts=row.max_attempts,
        lost_count=row.lost_count,
        progress=_parts(row),
        worker_id=row.lease_owner if row.state is TaskState.RUNNING else None,
        run_after=row.run_after if is_delayed else None,
        error=_error(row.error),
    )


def _parts(row: TaskRow) -> dict[str, float]:
    is_done = row.state is TaskState.SUCCEEDED
    return dict.fromkeys(row.progress, 1.0) if is_done else row.progress


def _error(error: ErrorJson | None) -> ErrorView | None:
    return None if error is None else ErrorView(**error)
