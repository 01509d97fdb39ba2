"""``/api/streams/{id}/stats/events``: how a stream does, at once and whenever that changes."""

from typing import Any

from flask import Blueprint, g, request
from flask_sock import Sock
from wsproto.utilities import RemoteProtocolError

from api.authentication import login_id
from api.bodies import TicketQuery, query
from api.identity import known
from api.origins import Origins
from api.sockets.connection import prepare
from api.sockets.conversation import converse, listen
from api.sockets.hub import Hub
from api.sockets.mailbox import Mailbox
from api.sockets.routes import PING_S, bad_handshake, check_handshake
from api.sockets.stats import StatsBoard, frame_for
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.core.errors import NotFound
from pipeline.services import seats, stream_stats
from pipeline.services.viewing import Viewer
from schemas.streams import StreamId
from schemas.tickets import Seat

_NORMAL, _RESTARTING, _ENDED = 1000, 1012, 4401


def stream_sockets_blueprint(pipeline: Pipeline, hub: Hub, origins: Origins) -> Blueprint:
    """Build the route; its clients sit in the hub with the others."""
    blueprint = Blueprint("stream_sockets", __name__)
    board = StatsBoard(pipeline.database, pipeline.audience)
    sock = Sock()

    @blueprint.before_request
    def admit() -> None:
        check_handshake()
        origins.check()
        stream_id = StreamId((request.view_args or {})["stream_id"])
        seat = _seat(pipeline, query(TicketQuery).ticket, stream_id)
        g.mailbox = hub.join(seat)
        # First, so that nothing falls between the snapshot and what comes after it.
        board.join(g.mailbox)
        g.opening = _snapshot(pipeline, seat, stream_id)
        prepare(request.environ)

    @blueprint.teardown_request
    def dismiss(_error: BaseException | None) -> None:
        if "mailbox" in g:
            board.leave(g.mailbox)
            hub.leave(g.mailbox)

    def stats(ws: Any, stream_id: StreamId) -> None:  # noqa: ARG001 - the mailbox knows it
        _Following(ws, hub, g.mailbox).serve(g.pop("opening"))

    sock.route("/api/streams/<id:stream_id>/stats/events", bp=blueprint)(stats)
    blueprint.register_error_handler(RemoteProtocolError, bad_handshake)
    return blueprint


def _seat(pipeline: Pipeline, ticket: str | None, stream_id: StreamId) -> Seat:
    if ticket is not None:
        return seats.redeem(pipeline.database, ticket, stream_id=stream_id)
    viewer = Viewer(links.key_of(pipeline.secret), known())
    return seats.offer_stream(pipeline.database, viewer, stream_id, login_id=login_id())


def _snapshot(pipeline: Pipeline, seat: Seat, stream_id: StreamId) -> bytes:
    found = stream_stats.read(pipeline.database, pipeline.audience, [stream_id]).get(stream_id)
    if found is None:
        raise NotFound(f"there is no stream {stream_id}", code="stream.not_found")
    return frame_for(found, seat.audience)


class _Following:
    """One client after its handshake; runs on the client's own thread, the only writer."""

    def __init__(self, ws: Any, hub: Hub, mailbox: Mailbox) -> None:
        self._ws = ws
        self._hub = hub
        self._mailbox = mailbox
        listen(ws, mailbox)

    def serve(self, opening: bytes) -> None:
        """Send until the client goes, stalls, its right ends, or the process stops."""
        converse(self._ws, self._hub, lambda: self._talk(opening))

    def _talk(self, opening: bytes) -> tuple[int, str]:
        """Send until there is a reason to close; return it with its code."""
        self._send(opening)
        while self._ws.connected:
            delivery = self._mailbox.take(PING_S)
            if delivery.has_ended:
                return _ENDED, "The right to watch this has ended."
            if delivery.is_closing:
                return _RESTARTING, "The server restarts."
            for letter in delivery.letters:
                self._send(letter.frame)
        return _NORMAL, ""

    def _send(self, frame: bytes) -> None:
        if self._ws.connected:
            self._ws.sock.send(frame)
