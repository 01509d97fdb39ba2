"""``/api/uploads`` and ``/api/upload/status``: how far uploads are, and what came of them."""

from flask import Blueprint, Response

from api.bodies import ListQuery, answer, query
from api.identity import owner
from pipeline.database.port import Database
from pipeline.services.uploads import status
from schemas.uploads import UploadId


def uploads_blueprint(database: Database) -> Blueprint:
    """Build the routes over the uploads that a door takes in."""
    blueprint = Blueprint("uploads", __name__, url_prefix="/api")

    @blueprint.get("/uploads")
    def listing() -> Response:
        return answer(status.page(database, **dict(query(ListQuery)), owner=owner()))

    @blueprint.get("/upload/status/<id:upload_id>")
    def one(upload_id: UploadId) -> Response:
        return answer(status.show(database, upload_id, owner=owner()))

    return blueprint
