"""``/api/streams/{id}/playback-links``: signed addresses that let others watch for a while."""

from flask import Blueprint, Response

from api.bodies import answer, body, nothing
from api.identity import owner
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.services import stream_viewing
from schemas.playback import PlaybackLinkRequest
from schemas.streams import StreamId


def stream_links_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    prefix = "/api/streams/<id:stream_id>/playback-links"
    blueprint = Blueprint("stream_links", __name__, url_prefix=prefix)
    database, key = pipeline.database, links.key_of(pipeline.secret)

    @blueprint.post("")
    def create(stream_id: StreamId) -> Response:
        asked = body(PlaybackLinkRequest)
        return answer(stream_viewing.link(database, stream_id, asked, key=key, owner=owner()), 201)

    @blueprint.delete("")
    def revoke(stream_id: StreamId) -> Response:
        stream_viewing.revoke_links(database, stream_id, owner=owner())
        return nothing()

    return blueprint
