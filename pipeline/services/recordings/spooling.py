"""How far the spool of a broadcast has come, for the task that reads it."""

from dataclasses import dataclass

from pipeline.core.recording.spans import Span
from pipeline.core.recording.spool import PieceSpan
from pipeline.database.port import Database
from pipeline.services import jobs
from schemas.profile import Profile
from schemas.streams import SessionId
from schemas.vocabulary import JobId


@dataclass(frozen=True)
class Spool:
    """What is known of a spool."""

    pieces: tuple[PieceSpan, ...] = ()
    #: How far the clock was when a door last spoke of it.
    told_ms: int | None = None
    #: Seconds since the broadcast was over; None where its stream was deleted.
    over_s: float | None = None
    #: A door said that it could not keep all.
    has_lost: bool = False


def look(db: Database, session_id: SessionId) -> Spool:
    """Tell what has come; nothing is known any more once the stream was deleted."""
    with db.read() as tx:
        session = tx.sessions.get(session_id)
        if session is None:
            return Spool()
        pieces = tx.sessions.pieces(session_id)
        # One that is still on is as far as one that ended now.
        over_s = tx.jobs.now() - session.closed_at.timestamp() if session.closed_at else 0.0
    told = session.facts.get("clock_ms")
    return Spool(
        tuple(PieceSpan(one.epoch, one.number, Span(one.from_ms, one.until_ms)) for one in pieces),
        told_ms=int(told) if isinstance(told, int | float) else None,
        over_s=over_s,
        has_lost=bool(session.facts.get("spool_lost_tags")),
    )


def profile_of(db: Database, job_id: JobId) -> Profile:
    """Read what a job makes of its source.

    Raises:
        NotFound: there is no such job.
    """
    with db.read() as tx:
        return jobs.need(tx, job_id).profile
