"""Recordings of broadcasts that viewers could not watch, or not to the end.

What was sent is in the spool all the same: an ordinary job makes the recording of it.
"""

from pipeline.database.port import Transaction
from pipeline.database.streams import SessionRow
from pipeline.services import jobs
from pipeline.services.jobs import Terms
from schemas.streams import SessionState
from schemas.vocabulary import JobState

#: As for any file; a broadcast's own job has more patience.
MAX_ATTEMPTS, MAX_LOST = 3, 10


def rescue(tx: Transaction, session: SessionRow | None) -> None:
    """Make a broadcast's recording where it is over and its own job failed.

    Called when either comes; a broadcast that is not recorded stays as it is.
    """
    if session is None or session.state is not SessionState.CLOSED:
        return
    asset = tx.assets.hold(session.asset_id)
    job = tx.jobs.get(session.job_id) if session.job_id is not None else None
    if asset is None or asset.sha256 or asset.kept_s == 0 or job is None:
        return
    if job.state is JobState.FAILED:
        terms = Terms(MAX_ATTEMPTS, MAX_LOST, job.priority, job.metadata)
        jobs.begin_in(tx, asset, job.profile, terms, must_be_able=False)
