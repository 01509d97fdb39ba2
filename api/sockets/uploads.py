"""``/api/upload/status/{id}/events``: how far an upload is and what comes of it, as it happens.

The row is read again when the bus says that it moved, and else once a second; so nothing that
is told is older than that, whatever the bus loses.
"""

from threading import Event
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
from api.sockets.frames import text_frame
from api.sockets.hub import Hub
from api.sockets.mailbox import Mailbox
from api.sockets.routes import bad_handshake, check_handshake
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.core.access import sees_all
from pipeline.core.errors import NotFound, ReelmillError
from pipeline.database.port import Database
from pipeline.services import seats
from pipeline.services.uploads import status
from pipeline.services.viewing import Viewer
from schemas.tickets import Seat
from schemas.uploads import Advance, UploadId, UploadStatus

_LOOK_S = 1.0
#: No more than two messages a second.
_PACE_S = 0.5
_NORMAL, _RESTARTING, _TRY_LATER, _ENDED, _GONE = 1000, 1012, 1013, 4401, 4404


def upload_sockets_blueprint(pipeline: Pipeline, hub: Hub, origins: Origins) -> Blueprint:
    """Build the route; its clients sit in the hub with the others."""
    blueprint = Blueprint("upload_sockets", __name__)
    sock = Sock()

    @blueprint.before_request
    def admit() -> None:
        check_handshake()
        origins.check()
        upload_id = UploadId((request.view_args or {})["upload_id"])
        seat = _seat(pipeline, query(TicketQuery).ticket, upload_id)
        g.mailbox = hub.join(seat)
        g.opening = _status(pipeline.database, seat)
        prepare(request.environ)

    @blueprint.teardown_request
    def dismiss(_error: BaseException | None) -> None:
        if "mailbox" in g:
            hub.leave(g.mailbox)

    def upload(ws: Any, upload_id: UploadId) -> None:  # noqa: ARG001 - the mailbox knows it
        _Following(ws, pipeline.database, hub, g.mailbox).serve(g.pop("opening"))

    sock.route("/api/upload/status/<id:upload_id>/events", bp=blueprint)(upload)
    blueprint.register_error_handler(RemoteProtocolError, bad_handshake)
    return blueprint


def _seat(pipeline: Pipeline, ticket: str | None, upload_id: UploadId) -> Seat:
    if ticket is not None:
        return seats.redeem(pipeline.database, ticket, None, upload_id)
    viewer = Viewer(links.key_of(pipeline.secret), known())
    return seats.offer_upload(pipeline.database, viewer, upload_id, login_id=login_id())


def _status(database: Database, seat: Seat) -> UploadStatus:
    who = seat.who
    owner = None if who is None or sees_all(who) else who.account
    return status.show(database, UploadId(seat.upload_id or ""), owner=owner)


class _Following:
    """One client after its handshake; runs on the client's own thread, the only writer."""

    def __init__(self, ws: Any, database: Database, hub: Hub, mailbox: Mailbox) -> None:
        self._ws = ws
        self._database = database
        self._hub = hub
        self._mailbox = mailbox
        self._pause = Event()
        listen(ws, mailbox)

    def serve(self, opening: UploadStatus) -> None:
        """Send until it has ended, the client goes, stalls, or the process stops."""
        converse(self._ws, self._hub, lambda: self._talk(opening))

    def _talk(self, told: UploadStatus) -> tuple[int, str]:
        """Send until there is a reason to close; return it with its code."""
        try:
            self._send(told)
            while self._ws.connected and told.status not in {Advance.COMPLETED, Advance.FAILED}:
                delivery = self._mailbox.take(_LOOK_S)
                if delivery.has_ended:
                    return _ENDED, "The right to watch this has ended."
                if delivery.is_closing:
                    return _RESTARTING, "The server restarts."
                told = self._tell(told)
        except NotFound as error:
            return _GONE, error.detail[:100]
        except ReelmillError as error:
            return _TRY_LATER, error.instance_code
        return _NORMAL, ""

    def _tell(self, told: UploadStatus) -> UploadStatus:
        found = _status(self._database, self._mailbox.seat)
        if found != told:
            self._send(found)
            self._pause.wait(_PACE_S)
        return found

    def _send(self, found: UploadStatus) -> None:
        if self._ws.connected:
            self._ws.sock.send(text_frame(found))
