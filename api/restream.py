"""``/api/streams/{id}/targets``: where a stream is pushed on to while it is live."""

from flask import Blueprint, Response

from api.bodies import answer, body, nothing
from api.identity import owner
from api.once import claim
from pipeline.bootstrap import Pipeline
from pipeline.services import restream
from pipeline.services.safe import Safe
from schemas.restream import RestreamChange, RestreamRequest, RestreamTargetId
from schemas.streams import StreamId


def restream_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("restream", __name__, url_prefix="/api/streams/<id:stream_id>/targets")
    database, rules = pipeline.database, pipeline.restream_rules

    def safe() -> Safe:
        return Safe.of(pipeline.secret, restream.PURPOSE)

    @blueprint.get("")
    def listing(stream_id: StreamId) -> Response:
        return answer(restream.listing(database, stream_id, owner=owner()))

    @blueprint.post("")
    def create(stream_id: StreamId) -> Response:
        wished, whose = body(RestreamRequest), owner()
        made = restream.create(
            database, safe(), rules, stream_id, wished, owner=whose, claim=claim()
        )
        return answer(made, 201, location=f"/api/streams/{stream_id}/targets/{made.id}")

    @blueprint.get("/<id:target_id>")
    def one(stream_id: StreamId, target_id: RestreamTargetId) -> Response:
        return answer(restream.show(database, stream_id, target_id, owner=owner()))

    @blueprint.put("/<id:target_id>")
    def change(stream_id: StreamId, target_id: RestreamTargetId) -> Response:
        wished, whose = body(RestreamChange), owner()
        return answer(
            restream.change(database, safe(), rules, stream_id, target_id, wished, owner=whose)
        )

    @blueprint.delete("/<id:target_id>")
    def delete(stream_id: StreamId, target_id: RestreamTargetId) -> Response:
        restream.delete(database, stream_id, target_id, owner=owner())
        return nothing()

    return blueprint
