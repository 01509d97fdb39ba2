"""``/api/events`` and ``/api/jobs/{id}/events``: a snapshot (or what was missed), then deltas.

All that can be refused is refused before the handshake, as problem+json: a foreign Origin,
a ticket that was used, no seat left, an unknown job, the database away. A ticket says who sits
there; without one it is whoever the request's headers name.
"""

from collections.abc import Iterator
from functools import partial
from threading import Thread
from typing import Any

import structlog
from flask import Blueprint, Config, g, request
from flask_sock import Sock
from werkzeug.exceptions import BadRequest
from wsproto.utilities import RemoteProtocolError

from api.authentication import login_id
from api.bodies import ResumeQuery, query
from api.identity import known
from api.origins import Origins
from api.sockets.connection import prepare
from api.sockets.conversation import converse, listen
from api.sockets.frames import Frames, text_frame
from api.sockets.hub import Hub
from api.sockets.mailbox import Delivery, Letter, Mailbox
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.core.errors import NotFound, ReelmillError
from pipeline.database.port import Database
from pipeline.services import seats, watching
from pipeline.services.viewing import Viewer
from schemas.http import EventMessage, JobSnapshot, SystemSnapshot
from schemas.playback import WatchedSnapshot
from schemas.tickets import Audience, Seat
from schemas.vocabulary import JobId

log = structlog.get_logger(__name__)

MESSAGE_LIMIT_BYTES = 64 * 1024
#: A client that answers no ping for this long is gone.
PING_S = 15.0
#: Missed events sent one by one; beyond that a snapshot says it shorter.
REPLAY_EVENTS = 1000

_NORMAL, _RESTARTING, _TRY_LATER, _ENDED, _GONE = 1000, 1012, 1013, 4401, 4404


def sockets_blueprint(pipeline: Pipeline, hub: Hub, origins: Origins) -> Blueprint:
    """Build both routes over one hub."""
    blueprint = Blueprint("sockets", __name__)
    database = pipeline.database
    sock = Sock()

    @blueprint.before_request
    def admit() -> None:
        check_handshake()
        origins.check()
        job_id = (request.view_args or {}).get("job_id")
        asked = query(ResumeQuery)
        seat = _seat(pipeline, asked.ticket, job_id)
        g.mailbox = hub.join(seat)
        g.opening = _opening(database, seat, asked.last_event_id)
        prepare(request.environ)

    @blueprint.teardown_request
    def dismiss(_error: BaseException | None) -> None:
        if "mailbox" in g:
            hub.leave(g.mailbox)

    def everything(ws: Any) -> None:
        _Watch(ws, database, hub, g.mailbox).serve(g.pop("opening"))

    def job(ws: Any, job_id: JobId) -> None:  # noqa: ARG001 - the mailbox knows it
        _Watch(ws, database, hub, g.mailbox).serve(g.pop("opening"))

    sock.route("/api/events", bp=blueprint)(everything)
    sock.route("/api/jobs/<id:job_id>/events", bp=blueprint)(job)
    blueprint.register_error_handler(RemoteProtocolError, bad_handshake)
    blueprint.record_once(lambda setup: _configure(setup.app.config))
    return blueprint


def _configure(config: Config) -> None:
    config["SOCK_SERVER_OPTIONS"] = {
        "max_message_size": MESSAGE_LIMIT_BYTES,
        "ping_interval": PING_S,
        # A reader that will not end must not keep the process from ending.
        "thread_class": partial(Thread, daemon=True),
    }


def check_handshake() -> None:
    """Refuse what is no websocket's handshake."""
    headers = request.headers
    if headers.get("Sec-WebSocket-Version") != "13" or not headers.get("Sec-WebSocket-Key"):
        raise BadRequest("This address speaks websocket version 13.")


def bad_handshake(_error: RemoteProtocolError) -> Any:
    """Say so where the library finds out after us."""
    raise BadRequest("The websocket handshake is malformed.")


def _seat(pipeline: Pipeline, ticket: str | None, job_id: JobId | None) -> Seat:
    if ticket is not None:
        return seats.redeem(pipeline.database, ticket, job_id)
    viewer = Viewer(links.key_of(pipeline.secret), known())
    return seats.offer(pipeline.database, viewer, job_id, login_id=login_id())


def _opening(database: Database, seat: Seat, resume_id: int | None) -> list[Letter]:
    """Choose what a client gets first: the events it missed, or a snapshot."""
    if resume_id is not None and _is_all_kept(database, resume_id):
        missed = list(_missed(database, seat, resume_id))
        if len(missed) <= REPLAY_EVENTS:
            return [Letter(resume_id, b""), *missed]
    return [_snapshot(database, seat)]


def _is_all_kept(database: Database, resume_id: int) -> bool:
    """Tell whether no event after the number has been trimmed, and the number is one of ours."""
    oldest = watching.events_after(database, 0, limit=1)
    is_ours = resume_id <= watching.newest_event_id(database)
    return is_ours and bool(oldest) and oldest[0].id <= resume_id + 1


def _missed(database: Database, seat: Seat, resume_id: int) -> Iterator[Letter]:
    limit = REPLAY_EVENTS + 1
    for event in watching.events_after(database, resume_id, limit=limit, job_id=seat.job_id):
        frame = Frames(EventMessage(event=event)).of(seat.audience)
        if frame is not None:
            yield Letter(event.id, frame)


def _snapshot(database: Database, seat: Seat) -> Letter:
    found: SystemSnapshot | JobSnapshot | WatchedSnapshot
    if seat.job_id is None:
        found = watching.system_snapshot(database)
    elif seat.audience is Audience.OWNERS:
        found = watching.job_snapshot(database, seat.job_id)
    else:
        found = watching.viewer_snapshot(database, seat.job_id)
    return Letter(found.last_event_id, text_frame(found))


class _Watch:
    """One client after its handshake; runs on the client's own thread, the only writer."""

    def __init__(self, ws: Any, database: Database, hub: Hub, mailbox: Mailbox) -> None:
        self._ws = ws
        self._database = database
        self._hub = hub
        self._mailbox = mailbox
        self._last_id = 0
        listen(ws, mailbox)

    def serve(self, opening: list[Letter]) -> None:
        """Send until the client goes, stalls, or the process stops."""
        if converse(self._ws, self._hub, lambda: self._talk(opening)):
            log.info("sockets.cut", job_id=self._mailbox.seat.job_id)

    def _talk(self, opening: list[Letter]) -> tuple[int, str]:
        """Send until there is a reason to close; return it with its code."""
        try:
            self._open(opening)
            while self._ws.connected:
                delivery = self._mailbox.take(PING_S)
                if not delivery.has_ended:
                    self._deliver(delivery)
                if delivery.has_ended:
                    return _ENDED, "The right to watch this has ended."
                if delivery.is_closing:
                    return _RESTARTING, "The server restarts."
        except NotFound as error:
            return _GONE, error.detail[:100]
        except ReelmillError as error:
            return _TRY_LATER, error.instance_code
        return _NORMAL, ""

    def _open(self, letters: list[Letter]) -> None:
        # An opening sets the number instead of being measured by it.
        for letter in letters:
            self._send(letter.frame)
            self._last_id = letter.event_id

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.has_lagged:
            self._open([_snapshot(self._database, self._mailbox.seat)])
        for letter in delivery.letters:
            if letter.event_id == 0 or letter.event_id > self._last_id:
                self._send(letter.frame)
                self._last_id = max(self._last_id, letter.event_id)

    def _send(self, frame: bytes) -> None:
        if frame and self._ws.connected:
            self._ws.sock.send(frame)
