"""The page of documentation: rendered here, no script, nothing from elsewhere."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template
from werkzeug.routing import Map

from api.docs import reading
from api.docs.texts import TEXTS
from api.texts import language, vary

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def docs_blueprint(describe: Callable[[Map], dict[str, Any]]) -> Blueprint:
    """Build ``/api/docs`` over what describes the application's routes."""
    blueprint = Blueprint("docs", __name__, url_prefix="/api", template_folder="../templates")
    blueprint.add_app_template_filter(reading.ticked, "ticked")
    blueprint.add_app_template_filter(reading.pretty, "pretty")
    blueprint.add_app_template_filter(reading.limits, "limits")

    @blueprint.get("/docs")
    def page() -> Response:
        response = make_response(_rendered(describe(current_app.url_map), language()))
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-cache"
        return vary(response)

    return blueprint


def _rendered(description: dict[str, Any], lang: str) -> str:
    groups = reading.by_tag(description)
    return render_template(
        "docs.html",
        lang=lang,
        texts=TEXTS[lang],
        version=description["info"]["version"],
        schemes=description["components"]["securitySchemes"],
        groups=groups,
        schemas=description["components"]["schemas"],
        codes=reading.codes(groups, lang),
    )
