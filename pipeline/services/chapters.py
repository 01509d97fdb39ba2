"""The chapters of an asset, as far as they are played."""

from pipeline.core import trim
from pipeline.core.errors import MediaError
from pipeline.database.port import Transaction
from pipeline.database.rows import AssetRow
from schemas.media import Chapter


def of(tx: Transaction, asset: AssetRow) -> tuple[Chapter, ...]:
    """Read them: a job's profile may use a stretch of the source alone."""
    job = tx.jobs.get(asset.job_id) if asset.job_id is not None else None
    if asset.facts is None:
        return ()
    if job is None or not asset.facts.chapters:
        return asset.facts.chapters
    try:
        return trim.used(asset.facts, job.profile).chapters
    except MediaError:
        # Nothing of the source is used.
        return ()
