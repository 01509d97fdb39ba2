"""The HTTP server inside one process: werkzeug's, with connections that stay open.

werkzeug's own handler closes the connection after each answer, which costs players a handshake
per segment. A connection is kept here when the request's body has been read to its end and the
answer had a known length (or was chunked).
"""

import socket
import sys
import time
from http import HTTPStatus
from threading import Lock
from typing import Any

import structlog
from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from api.framing import Body, FramingError, body_of
from api.reply import Reply
from schemas.http import Problem

log = structlog.get_logger(__name__)

#: Seconds a connection may say nothing, between requests or inside one.
IDLE_S = 30
#: Most connections at once; each costs a thread.
MAX_CONNECTIONS = 1024
#: How long a client that is still sending may go on after its answer, so that it reads it.
_LINGER_S = 5.0
_SMALL_REST_BYTES = 256 * 1024


class Connection(WSGIRequestHandler):
    """One client's connection, request after request."""

    server: "EmbeddedServer"
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    disable_nagle_algorithm = True
    _is_upgraded = False

    def run_wsgi(self) -> None:
        """Answer one request."""
        try:
            body = body_of(self.headers, self.rfile, self._continue)
            environ = self.make_environ()
        except (FramingError, ValueError) as error:
            # ValueError: an absolute address that is none.
            self.close_connection = True
            self.send_error(HTTPStatus.BAD_REQUEST, str(error))
            return
        environ["wsgi.input"] = body
        environ["wsgi.input_terminated"] = True
        reply = Reply(self)
        try:
            self._answer(environ, body, reply)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        self._is_upgraded = "reelmill.upgraded" in environ

    def _answer(self, environ: dict[str, Any], body: Body, reply: Reply) -> None:
        pieces = self.server.app(environ, reply.start)
        try:
            if environ.get("reelmill.upgraded"):
                self.close_connection = True
                return
            if not body.is_finished and not self._rest_is_small(body):
                self.close_connection = True
            for piece in pieces:
                reply.write(piece)
            reply.end()
            self._leave_clean(body)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _continue(self) -> None:
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _rest_is_small(self, body: Body) -> bool:
        waits_for_leave = "Expect" in self.headers and not body.was_touched()
        left = getattr(body, "left_bytes", None)
        return left is not None and left <= _SMALL_REST_BYTES and not waits_for_leave

    def _leave_clean(self, body: Body) -> None:
        """Bring the connection to the next request, or let a sending client read the answer.

        Closing with unread bytes makes the kernel reset the connection, and the client may
        lose the answer that tells why.
        """
        if body.is_finished:
            return
        if not self.close_connection:
            try:
                body.readall()
            except OSError:
                self.close_connection = True
            return
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1.0)
        deadline = time.monotonic() + _LINGER_S
        while time.monotonic() < deadline and self.connection.recv(_SMALL_REST_BYTES):
            pass

    def handle_expect_100(self) -> bool:
        """Do not say 100 yet: the application may refuse before it reads."""
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what never reached the application (a malformed request line, say)."""
        problem = Problem(
            type="/api/docs#code-request.malformed",
            title=HTTPStatus(code).phrase,
            status=int(code),
            detail=explain or message or "The request is not HTTP we understand.",
            code="request.malformed",
        )
        text = problem.model_dump_json().encode()
        self.close_connection = True
        self.send_response(code)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the application logs with the request's id."""

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Take a client that falls silent for no error: browsers keep connections in reserve."""
        log.debug("http.server", text=format % args)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Keep the library's own words for debugging."""
        log.debug("http.server", text=format % args)


class EmbeddedServer(ThreadedWSGIServer):
    """Bound, not yet serving: call ``serve_forever`` on a thread, ``shutdown`` from another."""

    daemon_threads = True

    def __init__(self, app: Flask, listener: socket.socket) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = Lock()
        host, port = listener.getsockname()[:2]
        super().__init__(host, port, app, Connection, fd=listener.fileno())
        listener.close()
        self._flask = app

    @property
    def url(self) -> str:
        """Address for clients on this box."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on a thread of its own while there is room for one."""
        with self._open_lock:
            is_full = len(self._open) >= MAX_CONNECTIONS
            if not is_full:
                self._open.add(request)
        if is_full:
            log.warning("http.too_many_connections", limit=MAX_CONNECTIONS)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection and close it."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def shutdown(self) -> None:
        """Take no more connections, say goodbye to websockets, end idle connections."""
        super().shutdown()
        close_sockets = self._flask.extensions.get("reelmill.close_sockets")
        if close_sockets is not None:
            close_sockets()
        with self._open_lock:
            for connection in self._open:
                _end(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the library's shape
        """Log what an answer died of; the connection is closed by the caller."""
        error = sys.exception()
        if not isinstance(error, (ConnectionError, TimeoutError)):
            log.error("http.connection_failed", exc_info=error)


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        return
