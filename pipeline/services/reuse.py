"""What an earlier job of an asset has made already: lent to a new one, not made again.

The lender's segments stay where they are and are published by reference. That is safe: nothing
of a job goes before its asset does.
"""

from collections.abc import Mapping

from pipeline.core import fingerprint
from pipeline.core.graph import Expansion, encode_params
from pipeline.database.port import Transaction
from pipeline.database.rows import JobRow, Loan
from pipeline.services import fleet
from schemas.vocabulary import QueueName


def fingerprints(job: Expansion) -> dict[str, str]:
    """Digest each rung that will be encoded, by name.

    Encrypted ones have none: each job has a key of its own.
    """
    if job.plan.grid is None or job.plan.is_encrypted:
        return {}
    use_gpu = job.encode_queue is QueueName.ENCODE_GPU
    return {
        rung.name: fingerprint.of_rung(
            encode_params(job, job.plan.grid, job.plan.chunks[0], (rung,)), use_gpu=use_gpu
        )
        for rung in job.plan.rungs
        if rung.name != job.plan.copied_rung
    }


def loans(
    tx: Transaction, job: JobRow, expansion: Expansion, digests: Mapping[str, str]
) -> dict[str, Loan]:
    """Find renditions to lend, by rung; pin the build they came from for what is left to make.

    All come from one build, and from one that a live worker has: pictures of another build
    beside them would be of another rendition's making.
    """
    found = tx.media.loans(job.asset_id, list(digests.values()))
    live = fleet.live_builds(tx, expansion.encode_queue)
    # Newest first.
    build = next((loan.encoder_build for loan in found if loan.encoder_build in live), None)
    lent = {loan.fingerprint: loan for loan in reversed(found) if loan.encoder_build == build}
    given = {name: lent[digest] for name, digest in digests.items() if digest in lent}
    if given and build is not None:
        tx.jobs.pin_build(job.id, build)
    return given
