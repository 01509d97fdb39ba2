"""``/api/openapi.json``: the description, made once per process."""

from functools import cache
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, current_app, json
from werkzeug.routing import Map

from api.openapi.document import document
from api.openapi.table import OPERATIONS


def openapi_blueprint() -> Blueprint:
    """Build the route; it describes the application that it is registered with."""
    blueprint = Blueprint("openapi", __name__, url_prefix="/api")

    @blueprint.get("/openapi.json")
    def description() -> Response:
        text = json.dumps(describe(current_app.url_map))
        return Response(text, content_type="application/json")

    return blueprint


@cache
def describe(routes: Map) -> dict[str, Any]:
    """Describe an application by its routes; the answer is everybody's, not to be changed."""
    return document(OPERATIONS, routes, version=version("reelmill"))
