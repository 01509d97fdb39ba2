"""``/api/assets``: hand a file in, look at what became of it, delete it."""

from flask import Blueprint, Response, request

from api.bodies import AssetListQuery, UploadQuery, answer, nothing, query
from api.identity import caller, owner
from api.once import claim, kept_alive
from api.streaming import blocks
from pipeline.bootstrap import Pipeline
from pipeline.services import assets
from schemas.vocabulary import AssetId


def assets_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("assets", __name__, url_prefix="/api/assets")
    database = pipeline.database
    limit_bytes = pipeline.settings.upload_limit_bytes

    @blueprint.post("")
    def upload() -> Response:
        body = kept_alive(database, blocks(request, limit_bytes=limit_bytes))
        created = assets.create(
            database,
            pipeline.storage,
            filename=query(UploadQuery).filename,
            blocks=body,
            limit_bytes=limit_bytes,
            account=caller().account,
            playback=query(UploadQuery).playback,
            claim=claim(),
        )
        return answer(created, 201, location=f"/api/assets/{created.id}")

    @blueprint.get("")
    def listing() -> Response:
        asked = query(AssetListQuery)
        return answer(assets.page(database, **dict(asked), owner=owner()))

    @blueprint.get("/<id:asset_id>")
    def one(asset_id: AssetId) -> Response:
        return answer(assets.show(database, asset_id, owner=owner()))

    @blueprint.get("/<id:asset_id>/certificate")
    def certificate(asset_id: AssetId) -> Response:
        return answer(assets.certificate(database, asset_id, owner=owner()))

    @blueprint.delete("/<id:asset_id>")
    def delete(asset_id: AssetId) -> Response:
        assets.delete(database, asset_id, owner=owner())
        return nothing()

    return blueprint
