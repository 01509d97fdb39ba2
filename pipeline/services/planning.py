"""From facts to the graph: what happens when a probe has succeeded."""

import dataclasses
import secrets
from collections.abc import Mapping, Sequence

from pipeline.core.encryption import KEY_BYTES
from pipeline.core.errors import MediaError
from pipeline.core.graph import Expansion, NewTask, analyze_task, expand
from pipeline.core.lifecycle import JOB_ENDED
from pipeline.core.plan import can_analyze, plan
from pipeline.core.recording.spool import LACKING
from pipeline.core.trim import used
from pipeline.database.port import Transaction
from pipeline.database.rows import JobRow, Loan, RenditionRow, TaskRow
from pipeline.services import assets, fleet, jobs, reuse
from pipeline.services.ids import new_task_id
from schemas.events import EventType
from schemas.media import MediaFacts
from schemas.plan import AudioPlan, MediaPlan, RungMeasure, RungPlan, SubtitlePlan
from schemas.tasks import ProbeResult, ProveParams, SourceRef
from schemas.vocabulary import JobId, JobState, Medium

#: What two lines of text every few seconds come to.
_TEXT_BPS = 1_000


def plan_job(
    tx: Transaction,
    task: TaskRow,
    found: ProbeResult,
    measures: Sequence[RungMeasure] | None = None,
) -> bool:
    """Store the facts, plan, and insert all further tasks; tell whether the job goes on.

    A source that cannot be planned for ends the job as failed: its probe did its work. Where
    samples shall choose the rungs, they are measured first (``measures`` is then not None).
    """
    _keep_facts(tx, task, found.facts)
    job = jobs.need(tx, task.job_id)
    goes_on = job.state not in JOB_ENDED and (job.is_dry_run or _plan(tx, job, found, measures))
    if found.working_source is not None and (job.is_dry_run or not goes_on):
        # Nobody will work on the copy.
        prefix, _, _ = found.working_source.key.rpartition("/")
        tx.garbage.add(f"{prefix}/", delay_s=0.0)
    return goes_on


def _keep_facts(tx: Transaction, task: TaskRow, facts: MediaFacts) -> None:
    """Store facts, and what was said before that no probe can see: that a recording lacks some."""
    before = assets.need(tx, task.asset_id).facts
    kept = [one for one in before.warnings if one.code == LACKING] if before else []
    warnings = tuple(dict.fromkeys((*facts.warnings, *kept)))
    tx.assets.set_facts(task.asset_id, facts.model_copy(update={"warnings": warnings}))


def _plan(
    tx: Transaction, job: JobRow, found: ProbeResult, measures: Sequence[RungMeasure] | None
) -> bool:
    try:
        facts = used(found.facts, job.profile)
        media_plan = plan(facts, job.profile, measures or ())
    except MediaError as exc:
        error = {"code": exc.instance_code, "detail": exc.detail, "remedy": exc.remedy}
        jobs.end(tx, job, JobState.FAILED, error)
        return False
    source = found.working_source or jobs.source_of(assets.need(tx, job.asset_id))
    expansion = Expansion(
        source=source,
        facts=facts,
        plan=media_plan,
        rank=job.rank,
        encode_queue=fleet.encode_queue(tx, media_plan),
    )
    if measures is None and can_analyze(media_plan, facts, job.profile):
        _add_tasks(tx, job, source, [analyze_task(expansion, found, new_id=new_task_id)])
        return True
    _insert(tx, job, expansion)
    return True


def _insert(tx: Transaction, job: JobRow, expansion: Expansion) -> None:
    media_plan = expansion.plan
    digests = reuse.fingerprints(expansion)
    lent = reuse.loans(tx, job, expansion, digests)
    tx.media.add_renditions([_signed(row, digests, lent) for row in renditions(job.id, media_plan)])
    tasks = expand(dataclasses.replace(expansion, lent=frozenset(lent)), new_id=new_task_id)
    _add_tasks(tx, job, expansion.source, tasks)
    tx.jobs.plan(job.id, media_plan)
    if media_plan.is_encrypted:
        tx.jobs.set_content_key(job.id, secrets.token_bytes(KEY_BYTES))
    n_proofs = sum(isinstance(task.params, ProveParams) for task in tasks)
    tx.certificates.add(job.id, job.asset_id, n_proofs)
    tx.emit(
        EventType.JOB_PLANNED,
        asset_id=job.asset_id,
        job_id=job.id,
        data={
            "renditions": [r.name for r in media_plan.rungs],
            "lent": sorted(lent),
            "chunks": len(media_plan.chunks),
        },
    )


def _signed(
    row: RenditionRow, digests: Mapping[str, str], lent: Mapping[str, Loan]
) -> RenditionRow:
    """Note what a rendition may be known again by, and who lends it."""
    signed = dataclasses.replace(row, fingerprint=digests.get(row.name, ""))
    loan = lent.get(row.name)
    if loan is None:
        return signed
    return dataclasses.replace(signed, codecs=loan.codecs, lender_id=loan.lender_id)


def _add_tasks(tx: Transaction, job: JobRow, source: SourceRef, tasks: Sequence[NewTask]) -> None:
    tx.tasks.add(job, source.sha256, tasks)
    tx.outbox.add([task.id for task in tasks if not task.needs])


def renditions(job_id: JobId, media_plan: MediaPlan) -> list[RenditionRow]:
    """Describe what a plan makes, as rows."""
    rows = [
        _video(job_id, media_plan, rung, position) for position, rung in enumerate(media_plan.rungs)
    ]
    first = len(rows)
    rows += [_audio(job_id, media_plan, one, first + n) for n, one in enumerate(media_plan.audios)]
    first = len(rows)
    texts = enumerate(media_plan.subtitles)
    return rows + [_text(job_id, one, first + n) for n, one in texts]


def _text(job_id: JobId, text: SubtitlePlan, position: int) -> RenditionRow:
    return RenditionRow(
        job_id=job_id,
        name=text.name,
        medium=Medium.TEXT,
        codec="webvtt",
        bitrate_bps=_TEXT_BPS,
        width_px=None,
        height_px=None,
        frame_rate=None,
        channels=None,
        sample_rate_hz=None,
        language=text.language,
        title=text.title,
        is_default=text.is_default,
        dispositions=" ".join(text.dispositions),
        n_segments=1,
        codecs="",
        position=position,
    )


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
