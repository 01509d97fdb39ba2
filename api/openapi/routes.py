"""``/api/openapi.json``: the description, made once per process."""

from functools import cache
from importlib.metadata import version

from flask import Blueprint, Response, current_app, json
from werkzeug.routing import Map

from api.openapi.document import document
from api.openapi.table import OPERATIONS


def openapi_blueprint() -> Blueprint:
    """Build the route; it describes the application that it is registered with."""
    blueprint = Blueprint("openapi", __name__, url_prefix="/api")
    text = cache(_text)

    @blueprint.get("/openapi.json")
    def description() -> Response:
        return Response(text(current_app.url_map), content_type="application/json")

    return blueprint


def _text(routes: Map) -> str:
    return json.dumps(document(OPERATIONS, routes, version=version("reelmill")))
