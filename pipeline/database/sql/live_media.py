"""The newest segments of a broadcast: what live playlists show, however long it has been on."""

from sqlalchemy import Connection, func, select

from pipeline.database.rows import SegmentRow
from pipeline.database.sql.tables import rendition, segment
from schemas.vocabulary import JobId

#: As ``rows.SegmentRow`` names them.
SEGMENT_COLUMNS = (
    segment.c.rendition,
    segment.c.index,
    segment.c.duration_s,
    segment.c.size_bytes,
    segment.c.key,
    segment.c.init_key,
    segment.c.init_sha256,
    segment.c.start_ms,
    segment.c.is_discontinuous,
)


class SqlLiveMedia:
    """See ``rowsets.MediaRows``: what is asked of broadcasts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, job_id: JobId, n_segments: int) -> list[SegmentRow]:
        other = segment.alias()
        newest = (
            select(func.max(other.c.index))
            .where(other.c.job_id == job_id, other.c.rendition == rendition.c.name)
            .scalar_subquery()
        )
        query = (
            select(*SEGMENT_COLUMNS)
            .select_from(rendition)
            .join(
                segment,
                (segment.c.job_id == rendition.c.job_id)
                & (segment.c.rendition == rendition.c.name),
            )
            .where(rendition.c.job_id == job_id, segment.c.index > newest - n_segments)
            .order_by(rendition.c.position, segment.c.index)
        )
        return [SegmentRow(*row) for row in self._connection.execute(query)]

    def n_breaks(self, job_id: JobId, before_index: int) -> int:
        first = (
            select(rendition.c.name)
            .where(rendition.c.job_id == job_id)
            .order_by(rendition.c.position)
            .limit(1)
            .scalar_subquery()
        )
        query = (
            select(func.count())
            .select_from(segment)
            .where(
                segment.c.job_id == job_id,
                segment.c.rendition == first,
                segment.c.index > 0,
                segment.c.index < before_index,
                segment.c.is_discontinuous,
            )
        )
        return self._connection.execute(query).scalar_one()
