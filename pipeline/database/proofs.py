"""The statements services may make about certificates; see ``port`` for what holds for all."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pipeline.database.rows import CertificateRow, ErrorJson
from schemas.certificate import CertificateState, Point, StretchProof
from schemas.vocabulary import AssetId, JobId


class CertificateRows(Protocol):
    """Proofs of what jobs made."""

    def add(self, job_id: JobId, asset_id: AssetId, n_stretches: int) -> None:
        """Promise a certificate; it is pending."""

    def get(self, job_id: JobId) -> CertificateRow | None:
        """Get it as it is."""

    def hold(self, job_id: JobId) -> CertificateRow | None:
        """Get it and keep others from adding to it until the transaction ends."""

    def set_proofs(self, job_id: JobId, proofs: Mapping[int, StretchProof]) -> None:
        """Replace what is known of the stretches."""

    def decide(
        self,
        job_id: JobId,
        state: CertificateState,
        points: Sequence[Point],
        error: ErrorJson | None,
    ) -> None:
        """Write the verdict over everything, now."""
