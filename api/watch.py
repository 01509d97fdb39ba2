"""``/watch/{asset}``: the page a viewer opens, and the static files pages are made of."""

from pathlib import Path

from flask import Blueprint, Response, make_response, render_template, url_for

from api.identity import known
from api.texts import TEXTS, language
from api.wording import watched_in
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.core.errors import Forbidden, NotFound
from pipeline.messages import words
from pipeline.services import viewing
from pipeline.services.viewing import Viewer
from schemas.identity import Playback
from schemas.playback import WatchedAsset
from schemas.vocabulary import AssetId

_STATIC = Path(__file__).with_name("static")
#: Put there when the project is set up on a box with Node; see compose/front.sh.
_PLAYER = "vendor/hls.min.js"

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

    key = links.key_of(pipeline.secret)

    @blueprint.get(f"/watch/<asset_id>/{links.MARK}<token>")
    def linked(asset_id: str, token: str) -> Response:
        return watch(asset_id, token)

    @blueprint.get("/watch/<asset_id>")
    def page(asset_id: str) -> Response:
        return watch(asset_id, None)

    def watch(asset_id: str, token: str | None) -> Response:
        viewer = Viewer(key, known(), token)
        watched, admission = viewing.show(pipeline.database, AssetId(asset_id), viewer)
        asset = watched_in(watched, language())
        shown = {"asset": asset, "data": _data(asset), "player": _player()}
        is_public = admission.asset.playback is Playback.PUBLIC and token is None
        return _page("watch.html", 200, is_public=is_public, **shown)

    @blueprint.errorhandler(NotFound)
    def missing(_error: NotFound) -> Response:
        return _page("missing.html", 404)

    @blueprint.errorhandler(Forbidden)
    def void(error: Forbidden) -> Response:
        said = words(error.instance_code, language())
        return _page("void.html", 403, said=said)

    return blueprint


def _page(template: str, status: int, *, is_public: bool = False, **values: object) -> Response:
    lang = language()
    response = make_response(
        render_template(template, lang=lang, texts=TEXTS[lang], **values), status
    )
    if not is_public:
        # What only those may find who have its address, and its address only they.
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-cache")
    response.headers["Vary"] = "Accept-Language"
    return response


def _player() -> str | None:
    """Name the address of hls.js, None where it was not installed."""
    if not (_STATIC / _PLAYER).is_file():
        return None
    return url_for("watch.static", filename=_PLAYER)


def _data(asset: WatchedAsset) -> dict[str, object]:
    """Give the script what it starts from; the rest comes over the websocket."""
    return {
        "asset_id": asset.id,
        "job_id": asset.job_id,
        "state": asset.state,
        "hls_url": asset.hls_url,
        "asset_url": asset.asset_url,
        "chapters": [one.model_dump() for one in asset.chapters],
        "texts": TEXTS[language()],
    }
