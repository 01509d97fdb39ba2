"""``/live/{stream}/…m3u8``: what is on, by HLS; the segments lie below ``/media/``."""

from flask import Blueprint, Response, request

from api.caching import kept
from api.identity import known
from api.media import open_to_players, text_answer
from pipeline.bootstrap import Pipeline
from pipeline.core import links, viewer_names
from pipeline.core.live.playlist import LONGEST_S
from pipeline.services import audience, live
from pipeline.services.viewing import Viewer
from schemas.streams import StreamId

#: How far back a player may go.
_LAST = f"last-<int(min=1, max={LONGEST_S}):window_s>"


def live_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("live", __name__, url_prefix="/live")
    key, names = links.key_of(pipeline.secret), viewer_names.key_of(pipeline.secret)

    @blueprint.get("/<id:stream_id>/<name>.m3u8")
    def playlist(stream_id: StreamId, name: str) -> Response:
        return _playlist(stream_id, None, name)

    @blueprint.get(f"/<id:stream_id>/{links.MARK}<token>/<name>.m3u8")
    def linked(stream_id: StreamId, token: str, name: str) -> Response:
        return _playlist(stream_id, token, name)

    @blueprint.get(f"/<id:stream_id>/{_LAST}/<name>.m3u8")
    def window(stream_id: StreamId, window_s: int, name: str) -> Response:
        return _playlist(stream_id, None, name, window_s)

    @blueprint.get(f"/<id:stream_id>/{links.MARK}<token>/{_LAST}/<name>.m3u8")
    def linked_window(stream_id: StreamId, token: str, window_s: int, name: str) -> Response:
        return _playlist(stream_id, token, name, window_s)

    def _playlist(stream_id: StreamId, token: str | None, name: str, window_s: int = 0) -> Response:
        viewer = Viewer(key, known(), token)
        found, admission = live.shown(pipeline.database, stream_id, name, viewer, window_s=window_s)
        address, program = request.remote_addr or "", request.headers.get("User-Agent", "")
        audience.asked_for_playlist(
            pipeline.audience, names, stream_id, address=address, program=program
        )
        return kept(text_answer(found), admission)

    blueprint.after_request(open_to_players)
    return blueprint
