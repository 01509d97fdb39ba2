"""What players may get: renditions, segments and the other visible objects."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Select,
    Table,
    func,
    not_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.database.rows import Loan, RenditionRow, SegmentRow
from pipeline.database.sql.live_media import SEGMENT_COLUMNS, SqlLiveMedia
from pipeline.database.sql.tables import (
    certificate,
    damage,
    job,
    media_file,
    picture,
    rendition,
    segment,
)
from schemas.certificate import CertificateState
from schemas.media import Damage
from schemas.tasks import Picture, RenditionMade, SegmentMade
from schemas.vocabulary import AssetId, JobId, JobState, Medium, TaskId

#: By the medium of the rendition.
_SEGMENT_TYPES = {
    Medium.VIDEO: "video/iso.segment",
    Medium.AUDIO: "audio/iso.segment",
    Medium.TEXT: "text/vtt",
}
#: Of text, a file that holds all of it.
_INIT_TYPES = {Medium.VIDEO: "video/mp4", Medium.AUDIO: "audio/mp4", Medium.TEXT: "text/vtt"}


class SqlMedia(SqlLiveMedia):
    """See ``rowsets.MediaRows``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection

    def add_renditions(self, rows: Sequence[RenditionRow]) -> None:
        self._insert_new(rendition, [asdict(row) for row in rows])

    def renditions(self, job_id: JobId) -> list[RenditionRow]:
        rows = self._connection.execute(
            select(rendition).where(rendition.c.job_id == job_id).order_by(rendition.c.position)
        )
        # The mapping is a row's public name for itself.
        found = [dict(row._mapping) for row in rows]  # noqa: SLF001
        return [RenditionRow(**row | {"medium": Medium(row["medium"])}) for row in found]

    def publish(
        self,
        task: tuple[TaskId, int],
        job_id: JobId,
        asset_id: AssetId,
        renditions: Sequence[RenditionMade],
        segments: Sequence[SegmentMade],
    ) -> None:
        digests = {made.init_key: made.init_sha256 for made in renditions}
        media = {row.name: row.medium for row in self.renditions(job_id)}
        inits = {made.init_key: _INIT_TYPES[media[made.name]] for made in renditions}
        self.add_files(asset_id, job_id, inits)
        for made in renditions:
            self._connection.execute(
                update(rendition)
                .where(rendition.c.job_id == job_id, rendition.c.name == made.name)
                .where(rendition.c.codecs == "")
                .values(codecs=made.codecs)
            )
        task_id, epoch = task
        rows = [
            {
                "job_id": job_id,
                "asset_id": asset_id,
                "rendition": made.rendition,
                "index": made.index,
                "duration_s": f"{made.duration_s.numerator}/{made.duration_s.denominator}",
                "size_bytes": made.size_bytes,
                "key": made.key,
                "init_key": made.init_key,
                "init_sha256": digests[made.init_key],
                "task_id": task_id,
                "epoch": epoch,
                "start_ms": made.start_ms,
                "is_discontinuous": made.is_discontinuous,
            }
            for made in segments
        ]
        self._insert_new(segment, rows)

    def segments(self, job_id: JobId) -> list[SegmentRow]:
        query = _shown(job_id, *SEGMENT_COLUMNS).order_by(segment.c.rendition, segment.c.index)
        return [SegmentRow(*row) for row in self._connection.execute(query)]

    def loans(self, asset_id: AssetId, fingerprints: Sequence[str]) -> list[Loan]:
        query = _lendable(asset_id, fingerprints)
        return [Loan(*row) for row in self._connection.execute(query)]

    def counts(self, job_id: JobId) -> dict[str, int]:
        query = _shown(job_id, segment.c.rendition, func.count()).group_by(segment.c.rendition)
        rows = self._connection.execute(query)
        return {name: count for name, count in rows}  # noqa: C416  # a Row is no pair to mypy

    def started(self, job_id: JobId) -> frozenset[str]:
        query = _shown(job_id, segment.c.rendition).where(segment.c.index == 0)
        return frozenset(self._connection.execute(query).scalars())

    def add_files(self, asset_id: AssetId, job_id: JobId, files: Mapping[str, str]) -> None:
        rows = [
            {"key": key, "job_id": job_id, "asset_id": asset_id, "content_type": content_type}
            for key, content_type in files.items()
        ]
        self._insert_new(media_file, rows)

    def file_type(self, asset_id: AssetId, key: str) -> str | None:
        found = self._connection.execute(
            select(media_file.c.content_type).where(
                media_file.c.key == key, media_file.c.asset_id == asset_id
            )
        ).scalar_one_or_none()
        if found is not None:
            return str(found)
        medium = self._connection.execute(
            select(rendition.c.medium)
            .join(
                segment,
                (segment.c.job_id == rendition.c.job_id)
                & (segment.c.rendition == rendition.c.name),
            )
            .where(segment.c.key == key, segment.c.asset_id == asset_id)
        ).scalar_one_or_none()
        return None if medium is None else _SEGMENT_TYPES[Medium(medium)]

    def keys_below(self, asset_id: AssetId, prefix: str) -> frozenset[str]:
        # By way of the jobs: neither table is indexed for beginnings of keys.
        below = (
            select(table.c.key)
            .join(job, job.c.id == table.c.job_id)
            .where(job.c.asset_id == asset_id, table.c.key.startswith(prefix, autoescape=True))
            for table in (segment, media_file)
        )
        return frozenset(self._connection.execute(union_all(*below)).scalars())

    def add_pictures(self, job_id: JobId, pictures: Sequence[Picture]) -> None:
        self._insert_new(picture, [{"job_id": job_id, **made.model_dump()} for made in pictures])

    def poster_key(self, job_id: JobId) -> str | None:
        query = select(picture.c.key).where(picture.c.job_id == job_id)
        return self._connection.execute(
            query.order_by(picture.c.at_s).limit(1)
        ).scalar_one_or_none()

    def add_damage(self, task_id: TaskId, job_id: JobId, counted: Damage) -> None:
        row = {"task_id": task_id, "job_id": job_id, "counted": counted.model_dump(mode="json")}
        self._insert_new(damage, [row])

    def damages(self, job_id: JobId) -> list[Damage]:
        query = select(damage.c.counted).where(damage.c.job_id == job_id)
        found = self._connection.execute(query.order_by(damage.c.task_id)).scalars()
        return [Damage.model_validate(counted) for counted in found]

    def _insert_new(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows, leaving alone those already there: a repeated commit changes nothing."""
        if rows:
            self._connection.execute(self._insert(table).on_conflict_do_nothing(), rows)

    def _insert(self, table: Table) -> Any:
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement: Insert = dialect.insert(table)
        return statement


def _shown(job_id: JobId, *columns: Any) -> Select[Any]:
    """Select from the segments a job shows: its own, and those lent to it."""
    owner_id = func.coalesce(rendition.c.lender_id, rendition.c.job_id)
    return (
        select(*columns)
        .select_from(rendition)
        .join(
            segment,
            (segment.c.job_id == owner_id) & (segment.c.rendition == rendition.c.name),
        )
        .where(rendition.c.job_id == job_id)
    )


def _lendable(asset_id: AssetId, fingerprints: Sequence[str]) -> Select[Any]:
    return (
        select(rendition.c.fingerprint, job.c.id, job.c.encoder_build, rendition.c.codecs)
        .join(job, job.c.id == rendition.c.job_id)
        .where(
            job.c.asset_id == asset_id,
            job.c.state == JobState.SUCCEEDED.value,
            job.c.encoder_build.is_not(None),
            rendition.c.fingerprint.in_(fingerprints),
            # What was lent is not lent on: its owner is there.
            rendition.c.lender_id.is_(None),
            not_(select(damage.c.task_id).where(damage.c.job_id == job.c.id).exists()),
            not_(_is_disproven()),
        )
        .order_by(job.c.created_at.desc(), job.c.id.desc())
    )


def _is_disproven() -> ColumnElement[bool]:
    """Tell whether a job's certificate failed: who submits it again wants it made again."""
    return (
        select(certificate.c.job_id)
        .where(
            certificate.c.job_id == job.c.id,
            certificate.c.state == CertificateState.FAILED.value,
        )
        .exists()
    )
