"""The certificate of an asset: proofs come in one by one, the last of them decides.

The job has ended by then and stays as it is: whatever a proof finds is said of the certificate.
"""

from collections.abc import Sequence

from pipeline.core import verdicts
from pipeline.core.certificate_errors import CertificateFailed, CertificateUnproven
from pipeline.core.errors import NotFound, ReelmillError
from pipeline.database.port import Transaction
from pipeline.database.rows import AssetRow, CertificateRow, ErrorJson, TaskRow
from schemas.certificate import CertificateState, Point, StretchProof
from schemas.events import EventType
from schemas.http import CertificateView, ErrorView
from schemas.tasks import ProveResult
from schemas.vocabulary import JobState


def add_proof(tx: Transaction, task: TaskRow, result: ProveResult) -> None:
    """Take the points of one stretch in."""
    proof = StretchProof(points=result.points, cpu_s=result.cpu_s)
    _add(tx, task, result.stretch.index, proof)


def add_failure(tx: Transaction, task: TaskRow, error: ErrorJson) -> None:
    """Note that a stretch could not be looked at, however often it was tried."""
    _add(tx, task, task.chunk or 0, StretchProof(error=error))


def give_up(tx: Transaction, task: TaskRow, error: ErrorJson) -> None:
    """Note that what had to be made before anything is compared was not, however often tried.

    No proof of the job can follow: what waits for one is cancelled.
    """
    if tx.certificates.hold(task.job_id) is None:
        tx.certificates.add(task.job_id, task.asset_id, 1)
    tx.tasks.cancel_of_job(task.job_id)
    _decide(tx, task, [StretchProof(error=error)])


def _add(tx: Transaction, task: TaskRow, index: int, proof: StretchProof) -> None:
    row = tx.certificates.hold(task.job_id)
    if row is None:
        return
    proofs = {**row.proofs, index: proof}
    tx.certificates.set_proofs(task.job_id, proofs)
    if len(proofs) == row.n_stretches:
        _decide(tx, task, [proofs[number] for number in sorted(proofs)])


def _decide(tx: Transaction, task: TaskRow, proofs: Sequence[StretchProof]) -> None:
    points = verdicts.fold(proofs)
    error = _error(points, proofs)
    state = CertificateState.FAILED if error else CertificateState.PASSED
    tx.certificates.decide(task.job_id, state, points, error)
    tx.emit(
        EventType.CERTIFICATE_FAILED if error else EventType.CERTIFICATE_PASSED,
        asset_id=task.asset_id,
        job_id=task.job_id,
        data={"error": error} if error else {},
    )


def _error(points: Sequence[Point], proofs: Sequence[StretchProof]) -> ErrorJson | None:
    failed = verdicts.failed(points)
    if failed:
        names = ", ".join(dict.fromkeys(point.name.value for point in failed))
        return _words(CertificateFailed(f"What was made differs from the source: {names}."))
    unproven = [proof.error for proof in proofs if proof.error is not None]
    if unproven:
        why = f"{unproven[0]['detail']} [{unproven[0]['code']}]"
        detail = f"{len(unproven)} of {len(proofs)} stretches could not be compared: {why}"
        return _words(CertificateUnproven(detail))
    return None


def _words(error: ReelmillError) -> ErrorJson:
    return {"code": error.instance_code, "detail": error.detail, "remedy": error.remedy}


def state(tx: Transaction, asset: AssetRow) -> CertificateState | None:
    """Tell how far the proof of what an asset plays is; None before it is ready."""
    row = _row(tx, asset)
    return None if row is None else row.state


def view(tx: Transaction, asset: AssetRow) -> CertificateView:
    """Show the certificate of what an asset plays.

    Raises:
        NotFound: nothing of it is complete yet.
    """
    row = _row(tx, asset)
    if row is None:
        raise NotFound(
            f"asset {asset.id} has no certificate yet",
            code="certificate.not_found",
            remedy="It is made after the asset is ready; look again then.",
        )
    return CertificateView(
        asset_id=row.asset_id,
        job_id=row.job_id,
        state=row.state,
        n_proven=len(row.proofs),
        n_stretches=row.n_stretches,
        points=row.points,
        error=None if row.error is None else ErrorView(**row.error),
        cpu_s=round(sum(proof.cpu_s for proof in row.proofs.values()), 3),
        created_at=row.created_at,
        decided_at=row.decided_at,
    )


def _row(tx: Transaction, asset: AssetRow) -> CertificateRow | None:
    if asset.job_id is None:
        return None
    job = tx.jobs.get(asset.job_id)
    if job is None or job.state is not JobState.SUCCEEDED:
        return None
    return tx.certificates.get(asset.job_id)
