"""``/api/assets``: hand a file in, look at what became of it, delete it."""

from flask import Blueprint, Response, request

from api.bodies import UploadQuery, answer, body, nothing, query
from api.etags import is_current
from api.identity import caller, owner
from api.listing import AssetListQuery
from api.once import claim, kept_alive
from api.streaming import blocks
from pipeline.bootstrap import Pipeline
from pipeline.database.port import Database
from pipeline.services import assets, edits
from pipeline.services.uploads.shares import limit_of
from schemas.edits import AssetPatch
from schemas.vocabulary import AssetId


def assets_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("assets", __name__, url_prefix="/api/assets")
    _reads(blueprint, pipeline.database)
    _writes(blueprint, pipeline)
    return blueprint


def _reads(blueprint: Blueprint, database: Database) -> None:
    @blueprint.get("")
    def listing() -> Response:
        asked = query(AssetListQuery)
        found = assets.page(database, cursor=asked.cursor, limit=asked.limit, wished=asked.filter)
        return answer(found, is_tagged=True)

    @blueprint.get("/<id:asset_id>")
    def one(asset_id: AssetId) -> Response:
        return answer(assets.show(database, asset_id, owner=owner()), is_tagged=True)

    @blueprint.get("/<id:asset_id>/certificate")
    def certificate(asset_id: AssetId) -> Response:
        return answer(assets.certificate(database, asset_id, owner=owner()))


def _writes(blueprint: Blueprint, pipeline: Pipeline) -> None:
    database = pipeline.database

    @blueprint.post("")
    def upload() -> Response:
        settings = pipeline.settings
        film = kept_alive(database, blocks(request, limit_bytes=settings.upload_limit_bytes))
        limit_bytes = limit_of(
            database,
            caller().account,
            settings.quotas,
            request.content_length or 0,
            limit_bytes=settings.upload_limit_bytes,
            claim=claim(),
        )
        created = assets.create(
            database,
            pipeline.storage,
            filename=query(UploadQuery).filename,
            blocks=film,
            limit_bytes=limit_bytes,
            account=caller().account,
            playback=query(UploadQuery).playback,
            claim=claim(),
        )
        return answer(created, 201, location=f"/api/assets/{created.id}")

    @blueprint.patch("/<id:asset_id>")
    def change(asset_id: AssetId) -> Response:
        said, seen = body(AssetPatch), is_current()
        view = edits.change(database, asset_id, said, owner=owner(), is_current=seen)
        return answer(view, is_tagged=True)

    @blueprint.delete("/<id:asset_id>")
    def delete(asset_id: AssetId) -> Response:
        assets.delete(database, asset_id, owner=owner(), is_current=is_current())
        return nothing()
