"""What a live task keeps and finds again, fenced by its epoch as everything it publishes."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from pipeline.core.encryption import KEY_BYTES
from pipeline.core.errors import LeaseLost
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import SegmentRow, TaskRow
from pipeline.services import jobs, planning
from pipeline.services.sessions.opening import need
from pipeline.services.sessions.telling import tell
from schemas.events import EventType
from schemas.plan import MediaPlan
from schemas.streams import SessionId
from schemas.vocabulary import JobId, Medium, TaskId


@dataclass(frozen=True)
class Made:
    """What was made of a broadcast so far; see ``bench.Standing``."""

    plan: MediaPlan | None = None
    n_segments: int = 0
    end_s: Fraction = Fraction(0)
    sound_end_s: Fraction = Fraction(0)
    inits: Mapping[str, str] = field(default_factory=dict)
    thinned: tuple[str, ...] = ()


def begin(db: Database, task_id: TaskId, epoch: int, plan: MediaPlan) -> MediaPlan:
    """Keep the plan of a broadcast with its renditions; one that is there already counts.

    Raises:
        LeaseLost: the epoch no longer stands.
    """
    with db.write() as tx:
        task = _held(tx, task_id, epoch)
        job = jobs.need(tx, task.job_id)
        if job.plan is not None:
            return job.plan
        tx.jobs.plan(job.id, plan)
        # How many segments there will be nobody knows.
        rows = planning.renditions(job.id, plan)
        tx.media.add_renditions([replace(row, n_segments=None) for row in rows])
        if plan.is_encrypted:
            tx.jobs.set_content_key(job.id, secrets.token_bytes(KEY_BYTES))
        names = [rung.name for rung in plan.rungs]
        tx.emit(
            EventType.JOB_PLANNED,
            asset_id=job.asset_id,
            job_id=job.id,
            data={"renditions": names, "lent": [], "chunks": 0},
        )
        return plan


def standing(db: Database, job_id: JobId, session_id: SessionId) -> Made:
    """Tell what was made of a broadcast so far."""
    with db.read() as tx:
        job = jobs.need(tx, job_id)
        session = tx.sessions.get(session_id)
        thinned = session.live_facts.get("thinned", []) if session is not None else []
        if job.plan is None:
            return Made()
        rows = {row.rendition: row for row in tx.media.newest(job_id, 1)}
        media = {row.name: row.medium for row in tx.media.renditions(job_id)}
    if not rows:
        return Made(job.plan, thinned=tuple(thinned))
    leading = _leading(rows, media)
    sounds = [row for name, row in rows.items() if media[name] is Medium.AUDIO]
    return Made(
        plan=job.plan,
        n_segments=leading.index + 1,
        end_s=_end_s(leading),
        sound_end_s=_end_s(sounds[0] if sounds else leading),
        inits={name: row.init_sha256 for name, row in rows.items()},
        thinned=tuple(thinned),
    )


def _end_s(row: SegmentRow) -> Fraction:
    return Fraction(row.start_ms or 0, 1000) + Fraction(row.duration_s)


def _leading(rows: Mapping[str, SegmentRow], media: Mapping[str, Medium]) -> SegmentRow:
    """Take the picture's; sound is cut on frames of its own."""
    pictures = [row for name, row in rows.items() if media[name] is Medium.VIDEO]
    return (pictures or list(rows.values()))[0]


def note(
    db: Database, task_id: TaskId, epoch: int, session_id: SessionId, facts: Mapping[str, Any]
) -> None:
    """Keep how the work goes, for statistics and for whoever takes it over.

    Raises:
        LeaseLost: the epoch no longer stands.
        DatabaseUnavailable: it is forgotten.
    """
    with db.write() as tx:
        _held(tx, task_id, epoch)
        tx.sessions.note_live(session_id, facts)


def say_thinned(
    db: Database, task_id: TaskId, epoch: int, session_id: SessionId, rung: str
) -> None:
    """Record that a rung is left out from now on, because the box cannot keep up.

    Raises:
        LeaseLost: the epoch no longer stands.
        NotFound: the broadcast's stream was deleted.
    """
    with db.write() as tx:
        _held(tx, task_id, epoch)
        tell(tx, EventType.STREAM_THINNED, need(tx, session_id), rung=rung)


def _held(tx: Transaction, task_id: TaskId, epoch: int) -> TaskRow:
    task = tx.tasks.get(task_id) if tx.tasks.holds(task_id, epoch) else None
    if task is None:
        raise LeaseLost(f"task {task_id} was given away")
    return task
