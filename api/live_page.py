"""``/live/{stream}``: the page a viewer of a broadcast opens, and ``/live``, who is live."""

import re

from flask import Blueprint, Response

from api.bodies import answer
from api.caching import kept
from api.identity import known
from api.live_texts import TEXTS
from api.pages import page, say_refusals
from api.texts import language
from api.watch import vendored
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.services import on_air, stream_showing
from pipeline.services.stream_showing import Shown
from pipeline.services.stream_viewing import STREAM_NAME
from pipeline.services.viewing import Viewer
from schemas.identity import Playback
from schemas.streams import StreamId

#: Put there when the project is set up on a box with Node; see compose/front.sh.
_HLS_PLAYER, _FLV_PLAYER = "vendor/hls.min.js", "vendor/mpegts.js"
#: More than fit a page that is looked through.
_MAX_LISTED = 100
#: A thousand pages ask every few seconds: those on the way may answer most of them.
_FLEETING = "public, max-age=1, stale-while-revalidate=2"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?=/|$)")
_LINKED = f"/<id:stream_id>/{links.MARK}<token>"


def live_page_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the pages over one pipeline."""
    blueprint = Blueprint("live_page", __name__, url_prefix="/live", template_folder="templates")

    @blueprint.get("")
    def listing() -> Response:
        found = on_air.page(pipeline.database, pipeline.audience, cursor=None, limit=_MAX_LISTED)
        data = {"texts": TEXTS[language()], "max_listed": _MAX_LISTED}
        return page("live_list.html", is_public=True, texts=TEXTS, streams=found.items, data=data)

    @blueprint.get("/<id:stream_id>")
    def live(stream_id: StreamId) -> Response:
        return _page(_shown(pipeline, stream_id, None))

    @blueprint.get(_LINKED)
    def linked(stream_id: StreamId, token: str) -> Response:
        return _page(_shown(pipeline, stream_id, token))

    say_refusals(blueprint)
    return blueprint


def watched_streams_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build what the page reads, and apps may; refused as all of the API refuses."""
    blueprint = Blueprint("watched_streams", __name__, url_prefix="/live")

    @blueprint.get(f"/<id:stream_id>/{STREAM_NAME}")
    def stream(stream_id: StreamId) -> Response:
        return _document(_shown(pipeline, stream_id, None))

    @blueprint.get(f"{_LINKED}/{STREAM_NAME}")
    def linked(stream_id: StreamId, token: str) -> Response:
        return _document(_shown(pipeline, stream_id, token))

    return blueprint


def _shown(pipeline: Pipeline, stream_id: StreamId, token: str | None) -> Shown:
    viewer = Viewer(links.key_of(pipeline.secret), known(), token)
    return stream_showing.show(pipeline.database, pipeline.audience, stream_id, viewer)


def _page(shown: Shown) -> Response:
    stream, admission = shown.stream, shown.admission
    is_public = admission.stream.playback is Playback.PUBLIC and admission.token is None
    data = {
        "stream": stream.model_dump(mode="json", by_alias=True),
        "texts": TEXTS[language()],
    }
    return page(
        "live.html",
        is_public=is_public,
        connects_to=_origin(shown.door_url),
        texts=TEXTS,
        stream=stream,
        state="reconnecting" if stream.is_reconnecting else stream.status,
        data=data,
        players=[name for name in (vendored(_HLS_PLAYER), vendored(_FLV_PLAYER)) if name],
    )


def _origin(url: str) -> str:
    """Name the origin of an address; empty where it is none that a policy may hold."""
    found = _ORIGIN.match(url)
    return found[0] if found else ""


def _document(shown: Shown) -> Response:
    response = answer(shown.stream)
    response.headers["Cache-Control"] = _FLEETING
    return kept(response, shown.admission)
