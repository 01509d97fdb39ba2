"""``/api/tickets``: the right to open one websocket, for clients that can send no headers there."""

from flask import Blueprint, Response

from api.authentication import login_id
from api.bodies import answer, body
from api.identity import known
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.services import seats
from pipeline.services.viewing import Viewer
from schemas.tickets import TicketRequest


def tickets_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the route over one pipeline."""
    blueprint = Blueprint("tickets", __name__, url_prefix="/api/tickets")
    database, key = pipeline.database, links.key_of(pipeline.secret)

    @blueprint.post("")
    def issue() -> Response:
        asked = body(TicketRequest)
        viewer = Viewer(key, known(), asked.playback_token)
        if asked.upload_id is not None:
            seat = seats.offer_upload(database, viewer, asked.upload_id, login_id=login_id())
        elif asked.stream_id is not None:
            seat = seats.offer_stream(database, viewer, asked.stream_id, login_id=login_id())
        else:
            seat = seats.offer(database, viewer, asked.job_id, login_id=login_id())
        return answer(seats.issue(database, seat), 201)

    return blueprint
