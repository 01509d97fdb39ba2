"""``/api/assets/{id}/playback-links``: signed addresses that let others watch for a while."""

from flask import Blueprint, Response

from api.bodies import answer, body, nothing
from api.identity import owner
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.services import viewing
from schemas.playback import PlaybackLinkRequest
from schemas.vocabulary import AssetId


def links_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("links", __name__, url_prefix="/api/assets/<id:asset_id>/playback-links")
    database, key = pipeline.database, links.key_of(pipeline.secret)

    @blueprint.post("")
    def create(asset_id: AssetId) -> Response:
        asked = body(PlaybackLinkRequest)
        return answer(viewing.link(database, asset_id, asked, key=key, owner=owner()), 201)

    @blueprint.delete("")
    def revoke(asset_id: AssetId) -> Response:
        viewing.revoke_links(database, asset_id, owner=owner())
        return nothing()

    return blueprint
