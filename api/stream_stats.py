"""``/api/streams/{id}/stats`` and ``…/series``: how a stream does, now and minute by minute."""

from flask import Blueprint, Response
from pydantic import Field

from api.bodies import ListQuery, answer, query
from api.identity import known, owner
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.services import stream_stats
from pipeline.services.viewing import Viewer
from schemas.listing import Moment
from schemas.streams import SessionIdText, StreamId

_DAY = 1440


class SeriesQuery(ListQuery):
    """Query of ``GET /api/streams/{id}/series``."""

    #: Minutes.
    limit: int = Field(default=_DAY, ge=1, le=_DAY)
    #: Of one broadcast.
    session: SessionIdText | None = None
    from_: Moment | None = Field(default=None, alias="from")


def stream_stats_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    prefix = "/api/streams/<id:stream_id>"
    blueprint = Blueprint("stream_stats", __name__, url_prefix=prefix)
    database, key = pipeline.database, links.key_of(pipeline.secret)

    @blueprint.get("/stats")
    def now(stream_id: StreamId) -> Response:
        viewer = Viewer(key, known())
        return answer(stream_stats.show(database, pipeline.audience, stream_id, viewer))

    @blueprint.get("/series")
    def series(stream_id: StreamId) -> Response:
        asked = query(SeriesQuery)
        found = stream_stats.series(
            database,
            stream_id,
            owner=owner(),
            session_id=asked.session,
            from_s=None if asked.from_ is None else asked.from_.timestamp(),
            cursor=asked.cursor,
            limit=asked.limit,
        )
        return answer(found)

    return blueprint
