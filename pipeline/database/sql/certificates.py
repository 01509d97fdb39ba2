"""Certificates as rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, insert, select, update

from pipeline.database.rows import CertificateRow, ErrorJson
from pipeline.database.sql.columns import now_s, utc, utc_or_none
from pipeline.database.sql.tables import certificate
from schemas.certificate import CertificateState, Point, StretchProof
from schemas.vocabulary import AssetId, JobId

_PROOFS: TypeAdapter[dict[int, StretchProof]] = TypeAdapter(dict[int, StretchProof])
_POINTS: TypeAdapter[tuple[Point, ...]] = TypeAdapter(tuple[Point, ...])


def _row(row: Row[Any]) -> CertificateRow:
    return CertificateRow(
        job_id=row.job_id,
        asset_id=row.asset_id,
        state=CertificateState(row.state),
        n_stretches=row.n_stretches,
        proofs=_PROOFS.validate_python(row.proofs),
        points=_POINTS.validate_python(row.points),
        error=row.error,
        created_at=utc(row.created_at),
        decided_at=utc_or_none(row.decided_at),
    )


class SqlCertificates:
    """See ``rowsets.CertificateRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, job_id: JobId, asset_id: AssetId, n_stretches: int) -> None:
        self._connection.execute(
            insert(certificate).values(
                job_id=job_id,
                asset_id=asset_id,
                state=CertificateState.PENDING.value,
                n_stretches=n_stretches,
                proofs={},
                points=[],
                created_at=now_s(),
            )
        )

    def get(self, job_id: JobId) -> CertificateRow | None:
        query = select(certificate).where(certificate.c.job_id == job_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _row(row)

    def hold(self, job_id: JobId) -> CertificateRow | None:
        query = select(certificate).where(certificate.c.job_id == job_id).with_for_update()
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _row(row)

    def set_proofs(self, job_id: JobId, proofs: Mapping[int, StretchProof]) -> None:
        self._set(job_id, proofs=_PROOFS.dump_python(dict(proofs), mode="json"))

    def decide(
        self,
        job_id: JobId,
        state: CertificateState,
        points: Sequence[Point],
        error: ErrorJson | None,
    ) -> None:
        self._set(
            job_id,
            state=state.value,
            points=_POINTS.dump_python(tuple(points), mode="json"),
            error=error,
            decided_at=now_s(),
        )

    def _set(self, job_id: JobId, **values: Any) -> None:
        change = update(certificate).where(certificate.c.job_id == job_id).values(**values)
        self._connection.execute(change)
