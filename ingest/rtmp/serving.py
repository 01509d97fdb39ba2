"""The door's HTTP: a session's FLV for workers; a stream's for viewers, plain and by websocket.

A blueprint that an application carries. Where the door is in another process, viewers are sent
there if they can reach it.
"""

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, redirect, request
from flask_sock import Sock

from ingest.rtmp.door import Door
from ingest.rtmp.held import Held, Stage
from ingest.rtmp.reading import reading
from ingest.rtmp.seating import Seat, Seating
from ingest.rtmp.subscription import Subscription
from pipeline.audience.port import ViewerKind
from pipeline.bootstrap import Pipeline
from pipeline.core import links, live_access
from pipeline.core.errors import NotFound, Unauthenticated
from pipeline.core.live_errors import Offline
from pipeline.services import stream_viewing
from pipeline.services.stream_viewing import StreamAdmission
from pipeline.services.viewing import Viewer
from schemas.identity import Identity
from schemas.streams import SessionId, StreamId

CONTENT_TYPE = "video/x-flv"
#: How long a viewer waits for the next tag before it is looked whether anything has changed.
_LOOK_S = 1.0
_SOCKETS = ("werkzeug.socket", "gunicorn.socket")


@dataclass(frozen=True)
class Host:
    """What the application that carries the door lends it."""

    #: Who asks; None: nobody known.
    known: Callable[[], Identity | None]
    #: Refuses what is no websocket's handshake.
    check_handshake: Callable[[], None]
    #: Refuses pages of other sites that speak for their visitors.
    check_origin: Callable[[], None]
    #: Makes a connection ready for a websocket; takes WSGI's environment.
    prepare: Callable[[dict[str, Any]], None]
    #: Limits what caches may do with an answer.
    kept: Callable[[Response, StreamAdmission], Response]


def flv_blueprint(pipeline: Pipeline, door: Door | None, host: Host) -> Blueprint:
    """Build the routes; without a door there is nothing but the way to it."""
    serving = _Serving(pipeline, door, host)
    blueprint = Blueprint("flv", __name__)
    blueprint.add_url_rule(
        "/internal/sessions/<id:session_id>.flv", "session", serving.session, methods=["GET"]
    )
    blueprint.add_url_rule("/live/<id:stream_id>.flv", "stream", serving.stream)
    blueprint.add_url_rule("/live/<id:stream_id>/~<token>.flv", "linked", serving.stream)
    sockets = Blueprint("flv_sockets", __name__)
    sockets.before_request(serving.admit_socket)
    sockets.teardown_request(serving.dismiss_socket)
    sock = Sock()

    def stream(ws: Any, stream_id: str) -> None:  # noqa: ARG001 - who was admitted is known
        serving.talk(ws)

    def linked(ws: Any, stream_id: str, token: str) -> None:  # noqa: ARG001
        serving.talk(ws)

    sock.route("/live/<id:stream_id>.flv", bp=sockets)(stream)
    sock.route("/live/<id:stream_id>/~<token>.flv", bp=sockets)(linked)
    blueprint.register_blueprint(sockets)
    return blueprint


class _Serving:
    """What each route does."""

    def __init__(self, pipeline: Pipeline, door: Door | None, host: Host) -> None:
        self._pipeline = pipeline
        self._door = door
        self._host = host
        self._seating = Seating(pipeline.settings.flv_viewers, pipeline.audience)
        self._key = links.key_of(pipeline.secret)

    def session(self, session_id: str) -> Response:
        """Give a worker all that is here of a session, and what comes."""
        ours = SessionId(session_id)
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not live_access.is_valid(self._pipeline.secret, ours, shown):
            raise Unauthenticated("this is for workers", code="auth.token_invalid")
        held = self._door.known(ours) if self._door else None
        if held is None or (held.stage is Stage.OVER and not held.shelf.pieces()):
            raise NotFound(
                f"the broadcast {session_id} is not here", code="stream.session_not_found"
            )
        from_ms = request.args.get("from_ms", 0, type=int)
        body = reading(held, from_ms, _is_connected(request.environ))
        return Response(body, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    def _admit(self, stream_id: str, token: str | None) -> StreamAdmission:
        viewer = Viewer(self._key, self._host.known(), token)
        with self._pipeline.database.read() as tx:
            return stream_viewing.admit(tx, StreamId(stream_id), viewer)

    def stream(self, stream_id: str, token: str | None = None) -> Response:
        """Show a viewer what is on, as it comes."""
        admission = self._admit(stream_id, token)
        held = self._door.held_of(admission.stream.id) if self._door else None
        if held is None:
            return self._elsewhere(admission)
        response = Response(content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})
        if request.method == "GET":
            self._watch(response, held)
        return self._opened(response, admission)

    def _watch(self, response: Response, held: Held) -> None:
        seat = self._seating.take(held.session.stream_id, ViewerKind.FLV)
        subscription = held.broadcast.subscribe()
        subscription.on_cut = _cutter(request.environ)

        def leave() -> None:
            subscription.close()
            seat.give_up()

        response.response = _blocks(subscription, seat)
        # Also where nothing was sent: then the blocks are never begun.
        response.call_on_close(leave)

    def _opened(self, response: Response, admission: StreamAdmission) -> Response:
        """Let players on other sites read what anybody may who has the address."""
        self._host.kept(response, admission)
        if admission.is_open or admission.token is not None:
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def _elsewhere(self, admission: StreamAdmission) -> Response:
        with self._pipeline.database.read() as tx:
            running = tx.sessions.running(admission.stream.id)
        base = str(running.facts.get("public_url", "")) if running is not None else ""
        if not base or base == self._pipeline.settings.ingest_public_url:
            raise Offline("nobody publishes to this stream now")
        response = redirect(f"{base.rstrip('/')}{admission.below}.flv", 307)
        return self._opened(Response(response.get_data(), 307, response.headers), admission)

    def admit_socket(self) -> None:
        """Refuse what can be refused before the handshake."""
        self._host.check_handshake()
        asked = request.view_args or {}
        admission = self._admit(asked["stream_id"], asked.get("token"))
        if not admission.is_open and admission.token is None:
            self._host.check_origin()
        held = self._door.held_of(admission.stream.id) if self._door else None
        if held is None:
            raise Offline("nobody publishes to this stream now")
        g.flv_seat = self._seating.take(admission.stream.id, ViewerKind.WEBSOCKET)
        g.flv_subscription = held.broadcast.subscribe()
        self._host.prepare(request.environ)

    def dismiss_socket(self, _error: BaseException | None) -> None:
        """Give up what was taken for a websocket."""
        if "flv_subscription" in g:
            g.flv_subscription.close()
        if "flv_seat" in g:
            g.flv_seat.give_up()

    def talk(self, ws: Any) -> None:
        """Send until either end is through."""
        subscription: Subscription = g.flv_subscription
        subscription.on_cut = ws.sock.close
        ws.input_buffer = _Unread()
        with suppress(OSError):
            for block in _blocks(subscription, g.flv_seat):
                if not ws.connected:
                    break
                if block:
                    ws.send(block)
            if ws.connected:
                ws.close(1000, "The broadcast is over.")
        ws.sock.close()


class _Unread(list[Any]):
    """An input buffer for viewers, who have nothing to say: it keeps nothing."""

    def append(self, _message: Any) -> None:
        """Forget the message."""


def _blocks(subscription: Subscription, seat: Seat) -> Iterator[bytes]:
    """Yield what comes; an empty block where nothing did for a while."""
    while (items := subscription.take(_LOOK_S)) is not None:
        seat.stay()
        yield b"".join(item.data for item in items)


def _cutter(environ: dict[str, Any]) -> Callable[[], None]:
    """Make what frees a thread that is stuck in sending to a viewer who does not read."""
    connection = next((environ[name] for name in _SOCKETS if name in environ), None)

    def cut() -> None:
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    return cut


def _is_connected(environ: dict[str, Any]) -> Callable[[], bool]:
    """Make what tells whether whoever reads is still there: nothing is sent while nothing comes."""
    connection = next((environ[name] for name in _SOCKETS if name in environ), None)

    if connection is None:
        return lambda: True
    gone = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
    poll = select.poll()
    poll.register(connection.fileno(), gone)
    return lambda: not any(events & gone for _, events in poll.poll(0))
