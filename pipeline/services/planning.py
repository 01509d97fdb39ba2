"""From facts to the graph: what happens when a probe has succeeded."""

import secrets

from pipeline.core import keys
from pipeline.core.encryption import KEY_BYTES
from pipeline.core.errors import MediaError
from pipeline.core.graph import Expansion, expand
from pipeline.core.lifecycle import JOB_ENDED
from pipeline.core.plan import plan
from pipeline.database.port import Transaction
from pipeline.database.rows import JobRow, RenditionRow, TaskRow
from pipeline.services import assets, fleet, jobs
from pipeline.services.ids import new_task_id
from schemas.events import EventType
from schemas.plan import AudioPlan, MediaPlan, RungPlan
from schemas.tasks import ProbeResult
from schemas.vocabulary import JobId, JobState, Medium


def plan_job(tx: Transaction, probe: TaskRow, found: ProbeResult) -> bool:
    """Store the facts, plan, and insert all further tasks; tell whether the job goes on.

    A source that cannot be planned for ends the job as failed: its probe did its work.
    """
    tx.assets.set_facts(probe.asset_id, found.facts)
    job = jobs.need(tx, probe.job_id)
    goes_on = job.state not in JOB_ENDED and (job.is_dry_run or _plan(tx, job, found))
    if found.working_source is not None and (job.is_dry_run or not goes_on):
        # Nobody will work on the copy.
        prefix = keys.attempt_prefix(probe.asset_id, probe.id, probe.epoch)
        tx.garbage.add(prefix, delay_s=0.0)
    return goes_on


def _plan(tx: Transaction, job: JobRow, found: ProbeResult) -> bool:
    try:
        media_plan = plan(found.facts, job.profile)
    except MediaError as exc:
        error = {"code": exc.instance_code, "detail": exc.detail, "remedy": exc.remedy}
        jobs.end(tx, job, JobState.FAILED, error)
        return False
    _insert(tx, job, found, media_plan)
    return True


def _insert(tx: Transaction, job: JobRow, found: ProbeResult, media_plan: MediaPlan) -> None:
    facts = found.facts
    source = found.working_source or jobs.source_of(assets.need(tx, job.asset_id))
    tasks = expand(
        Expansion(
            source=source,
            facts=facts,
            plan=media_plan,
            rank=job.rank,
            encode_queue=fleet.encode_queue(tx, media_plan),
        ),
        new_id=new_task_id,
    )
    tx.media.add_renditions(_renditions(job.id, media_plan))
    tx.tasks.add(job, source.sha256, tasks)
    tx.outbox.add([task.id for task in tasks if not task.needs])
    tx.jobs.plan(job.id, media_plan)
    if media_plan.is_encrypted:
        tx.jobs.set_content_key(job.id, secrets.token_bytes(KEY_BYTES))
    tx.emit(
        EventType.JOB_PLANNED,
        asset_id=job.asset_id,
        job_id=job.id,
        data={"renditions": [r.name for r in media_plan.rungs], "chunks": len(media_plan.chunks)},
    )


def _renditions(job_id: JobId, media_plan: MediaPlan) -> list[RenditionRow]:
    rows = [
        _video(job_id, media_plan, rung, position) for position, rung in enumerate(media_plan.rungs)
    ]
    first = len(rows)
    rows += [_audio(job_id, media_plan, one, first + n) for n, one in enumerate(media_plan.audios)]
    return rows


def _video(job_id: JobId, media_plan: MediaPlan, rung: RungPlan, position: int) -> RenditionRow:
    grid = media_plan.grid
    return RenditionRow(
        job_id=job_id,
        name=rung.name,
        medium=Medium.VIDEO,
        codec=rung.codec.value,
        bitrate_bps=rung.bitrate_bps,
        width_px=rung.width_px,
        height_px=rung.height_px,
        frame_rate=str(grid.frame_rate) if grid else None,
        channels=None,
        sample_rate_hz=None,
        language=None,
        title="",
        is_default=True,
        dispositions="",
        n_segments=-(-grid.n_frames // grid.segment_frames) if grid else None,
        codecs="",
        position=position,
    )


def _audio(job_id: JobId, media_plan: MediaPlan, audio: AudioPlan, position: int) -> RenditionRow:
    return RenditionRow(
        job_id=job_id,
        name=audio.name,
        medium=Medium.AUDIO,
        codec=audio.codec.value,
        bitrate_bps=audio.bitrate_bps,
        width_px=None,
        height_px=None,
        frame_rate=None,
        channels=audio.channels,
        sample_rate_hz=audio.sample_rate_hz,
        language=audio.language,
        title=audio.title,
        is_default=audio.is_default,
        dispositions=" ".join(audio.dispositions),
        # Sound is cut on its own frames, so its number of segments is known only roughly.
        n_segments=max(1, round(media_plan.duration_s / media_plan.segment_s)),
        codecs="",
        position=position,
    )
