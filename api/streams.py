"""``/api/streams``: channels, with what is on and what was."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from api.bodies import ListQuery, answer, body, nothing, query
from api.identity import caller, owner
from api.once import claim
from pipeline.bootstrap import Pipeline
from pipeline.services import audience, streams
from pipeline.services.stream_views import Addresses
from schemas.listing import Several
from schemas.streams import StreamChange, StreamId, StreamRequest, StreamState


class StreamListQuery(ListQuery):
    """Query of ``GET /api/streams``."""

    status: Several[StreamState] = ()


#: What addresses mean that name none.
_RTMP_PORT = 1935


def streams_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("streams", __name__, url_prefix="/api/streams")
    database, profiles = pipeline.database, pipeline.profiles

    @blueprint.get("")
    def listing() -> Response:
        asked = query(StreamListQuery)
        page = streams.page(
            database,
            cursor=asked.cursor,
            limit=asked.limit,
            at=addresses(pipeline),
            owner=owner(),
            states=asked.status,
        )
        return answer(audience.counted_page(pipeline.audience, page))

    @blueprint.post("")
    def create() -> Response:
        wished, at, account = body(StreamRequest), addresses(pipeline), caller().account
        profile = profiles.get(wished.profile)
        made = streams.create(database, wished, profile, account=account, at=at, claim=claim())
        shown = audience.counted(pipeline.audience, made)
        return answer(shown, 201, location=f"/api/streams/{made.id}")

    @blueprint.get("/<id:stream_id>")
    def one(stream_id: StreamId) -> Response:
        shown = streams.show(database, stream_id, at=addresses(pipeline), owner=owner())
        return answer(audience.counted(pipeline.audience, shown))

    @blueprint.get("/<id:stream_id>/sessions")
    def sessions(stream_id: StreamId) -> Response:
        asked = query(ListQuery)
        found = streams.sessions(
            database, stream_id, owner=owner(), cursor=asked.cursor, limit=asked.limit
        )
        return answer(found)

    _add_changes(blueprint, pipeline)
    return blueprint


def _add_changes(blueprint: Blueprint, pipeline: Pipeline) -> None:
    database, profiles = pipeline.database, pipeline.profiles

    @blueprint.patch("/<id:stream_id>")
    def change(stream_id: StreamId) -> Response:
        wished, at = body(StreamChange), addresses(pipeline)
        is_named = "profile" in wished.model_fields_set
        profile = profiles.get(wished.profile) if is_named else None
        shown = streams.change(database, stream_id, wished, profile, at=at, owner=owner())
        return answer(audience.counted(pipeline.audience, shown))

    @blueprint.delete("/<id:stream_id>")
    def delete(stream_id: StreamId) -> Response:
        streams.delete(database, stream_id, owner=owner())
        return nothing()


def addresses(pipeline: Pipeline) -> Addresses:
    """Tell where to publish: as it is set, or at the host that this request was sent to."""
    name = urlsplit(f"//{request.host}").hostname or "localhost"
    host = f"[{name}]" if ":" in name else name
    port = pipeline.settings.rtmp_port
    # A port of the door's own choosing is known to its log alone.
    at = host if port in {0, _RTMP_PORT} else f"{host}:{port}"
    return Addresses(rtmp_url=pipeline.settings.public_rtmp_url or f"rtmp://{at}/live")
