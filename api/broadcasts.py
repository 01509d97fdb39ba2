"""``/api/streaming``: keys to publish with; get ready, stop, see what is on."""

from flask import Blueprint, Response

from api.bodies import answer, body, nothing, query
from api.identity import caller, owner
from api.streams import addresses
from pipeline.bootstrap import Pipeline
from pipeline.services import audience, broadcasts, stream_keys
from schemas.streams import (
    Camel,
    StartRequest,
    StopRequest,
    StreamIdText,
    StreamKeyChange,
    StreamKeyId,
    StreamKeyRequest,
)

#: Of streams that are set up in passing.
_PROFILE = "default"


class StreamKeyListQuery(Camel):
    """Query of ``GET /api/streaming/keys``."""

    stream_id: StreamIdText | None = None


def broadcasts_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("broadcasts", __name__, url_prefix="/api/streaming")
    database = pipeline.database

    @blueprint.post("/start")
    def start() -> Response:
        started = broadcasts.start(
            database,
            body(StartRequest),
            pipeline.profiles.get(_PROFILE),
            account=caller().account,
            owner=owner(),
            at=addresses(pipeline),
        )
        counted = audience.counted(pipeline.audience, started.stream)
        return answer(started.model_copy(update={"stream": counted}))

    @blueprint.get("/start")
    def state() -> Response:
        at = addresses(pipeline)
        state = broadcasts.state(database, account=caller().account, at=at)
        counted = audience.counted_all(pipeline.audience, state.streams)
        return answer(state.model_copy(update={"streams": counted}))

    @blueprint.post("/stop")
    def stop() -> Response:
        asked, account = body(StopRequest), caller().account
        at = addresses(pipeline)
        ended = broadcasts.stop(database, asked, account=account, owner=owner(), at=at)
        return answer(audience.counted(pipeline.audience, ended))

    _add_keys(blueprint, pipeline)
    return blueprint


def _add_keys(blueprint: Blueprint, pipeline: Pipeline) -> None:
    database = pipeline.database

    @blueprint.get("/keys")
    def keys() -> Response:
        asked = query(StreamKeyListQuery)
        return answer(stream_keys.listing(database, owner=owner(), stream_id=asked.stream_id))

    @blueprint.post("/keys")
    def create_key() -> Response:
        asked, profile = body(StreamKeyRequest), pipeline.profiles.get(_PROFILE)
        account = caller().account
        made = stream_keys.create(database, asked, profile, account=account, owner=owner())
        return answer(made, 201, location=f"/api/streaming/keys/{made.id}")

    @blueprint.get("/keys/<id:key_id>")
    def key(key_id: StreamKeyId) -> Response:
        return answer(stream_keys.show(database, key_id, owner=owner()))

    @blueprint.put("/keys/<id:key_id>")
    def change_key(key_id: StreamKeyId) -> Response:
        wished = body(StreamKeyChange)
        return answer(stream_keys.change(database, key_id, wished, owner=owner()))

    @blueprint.delete("/keys/<id:key_id>")
    def revoke_key(key_id: StreamKeyId) -> Response:
        stream_keys.revoke(database, key_id, owner=owner())
        return nothing()
