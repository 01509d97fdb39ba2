"""``/watch/{asset}``: the page a viewer opens, and the static files pages are made of."""

from pathlib import Path

from flask import Blueprint, Response, make_response, render_template, url_for

from api.texts import TEXTS, language
from api.wording import asset_in
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import NotFound
from pipeline.services import assets
from schemas.http import AssetView
from schemas.vocabulary import AssetId

_STATIC = Path(__file__).with_name("static")
#: Put there when the project is set up on a box with Node; see compose/front.sh.
_PLAYER = "vendor/hls.min.js"

#: Warnings that a viewer may wonder about; the others are for the owner.
_TOLD = frozenset({"media.concealed", "media.silenced", "media.complaints", "media.cut_short"})

#: No inline script or style, nothing from elsewhere. hls.js plays from and works in blobs, and
#: begins captions as a data address.
_POLICY = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob: data:;"
    " worker-src 'self' blob:;"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)


def watch_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the page and ``/static`` over one pipeline."""
    blueprint = Blueprint(
        "watch",
        __name__,
        static_folder=_STATIC,
        static_url_path="/static",
        template_folder="templates",
    )

    @blueprint.get("/watch/<asset_id>")
    def page(asset_id: str) -> Response:
        asset = asset_in(assets.show(pipeline.database, AssetId(asset_id)), language())
        shown = {"asset": asset, "told": _TOLD, "data": _data(asset), "player": _player()}
        return _page("watch.html", 200, **shown)

    @blueprint.errorhandler(NotFound)
    def missing(_error: NotFound) -> Response:
        return _page("missing.html", 404)

    return blueprint


def _page(template: str, status: int, **values: object) -> Response:
    lang = language()
    response = make_response(
        render_template(template, lang=lang, texts=TEXTS[lang], **values), status
    )
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Language"
    return response


def _player() -> str | None:
    """Name the address of hls.js, None where it was not installed."""
    if not (_STATIC / _PLAYER).is_file():
        return None
    return url_for("watch.static", filename=_PLAYER)


def _data(asset: AssetView) -> dict[str, object]:
    """Give the script what it starts from; the rest comes over the websocket."""
    return {
        "asset_id": asset.id,
        "job_id": asset.job_id,
        "state": asset.state,
        "hls_url": asset.hls_url,
        "chapters": [one.model_dump() for one in asset.chapters],
        "told": sorted(_TOLD),
        "texts": TEXTS[language()],
    }
