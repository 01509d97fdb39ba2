"""``/api/live``: who is live, for everybody."""

from flask import Blueprint, Response

from api.bodies import ListQuery, answer, query
from pipeline.bootstrap import Pipeline
from pipeline.services import on_air


def on_air_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the route over one pipeline."""
    blueprint = Blueprint("on_air", __name__, url_prefix="/api/live")

    @blueprint.get("")
    def listing() -> Response:
        asked = query(ListQuery)
        page = on_air.page(
            pipeline.database, pipeline.audience, cursor=asked.cursor, limit=asked.limit
        )
        return answer(page)

    return blueprint
