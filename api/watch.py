"""``/watch/{asset}``: the page a viewer opens, and the static files pages are made of."""

from pathlib import Path

from flask import Blueprint, Response, url_for

from api.identity import known
from api.pages import page as rendered
from api.pages import say_refusals
from api.texts import TEXTS, language
from api.wording import watched_in
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.services import viewing
from pipeline.services.viewing import Viewer
from schemas.identity import Playback
from schemas.playback import WatchedAsset
from schemas.vocabulary import AssetId

_STATIC = Path(__file__).with_name("static")
#: Put there when the project is set up on a box with Node; see compose/front.sh.
_PLAYER = "vendor/hls.min.js"


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
        is_public = admission.asset.playback is Playback.PUBLIC and token is None
        return rendered(
            "watch.html",
            is_public=is_public,
            asset=asset,
            data=_data(asset),
            player=vendored(_PLAYER),
        )

    say_refusals(blueprint)
    return blueprint


def vendored(name: str) -> str | None:
    """Name the address of a player, None where it was not installed."""
    return url_for("watch.static", filename=name) if (_STATIC / name).is_file() else None


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
