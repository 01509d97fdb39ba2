"""A proxy in front of an S3 server that answers wrongly on demand.

It passes requests on with their Host header, so that signatures stay right, and asks a
callable for each one what to do with it. All it does wrong is what servers and networks
really do: errors before and after the work was done, answers cut off, errors inside a 200.
"""

import http.client
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_INTERNAL = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b"<Error><Code>InternalError</Code><Message>injected</Message></Error>"
)


class Fault(Enum):
    """What goes wrong with one request."""

    NONE = auto()
    #: 500, nothing done.
    REFUSE = auto()
    #: Done, and answered with 500.
    DO_AND_FAIL = auto()
    #: Done, and the connection closed without an answer.
    DO_AND_DROP = auto()
    #: Half the body, then the connection is closed.
    CUT = auto()
    #: Half the body with a length that fits it: only Content-Range tells.
    CUT_AND_HIDE = auto()
    #: 200 with an error in the body, nothing done.
    LIE = auto()
    #: 200 with an error in the body, and yet done.
    DO_AND_LIE = auto()
    #: No answer, the connection stays open.
    HANG = auto()
    #: 507.
    FULL = auto()
    #: A page of HTML from some gateway.
    GATEWAY = auto()


@dataclass(frozen=True)
class Request:
    """What the proxy shows of a request to choose a fault by."""

    method: str
    path: str

    @property
    def is_complete(self) -> bool:
        """Whether it completes a multipart upload."""
        return self.method == "POST" and "uploadId=" in self.path


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


Choice = Callable[[Request], Fault]


class FaultyS3:
    """Listens on a port of its own while it is entered."""

    def __init__(self, upstream: str) -> None:
        self.choose: Choice = lambda _: Fault.NONE
        self.seen: list[tuple[Request, Fault]] = []
        self._server = _Server(upstream, self._fault)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def _fault(self, request: Request) -> Fault:
        fault = self.choose(request)
        self.seen.append((request, fault))
        return fault

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str, fault: Choice) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.fault = fault
        self.is_over = threading.Event()
        self._callers: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        caller, address = super().get_request()
        self._callers.append(caller)
        return caller, address

    def hang_up(self) -> None:
        """End connections that clients keep for later, or still wait on."""
        self.is_over.set()
        for caller in self._callers:
            with suppress(OSError):  # ended by itself
                caller.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """A client that hung up is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        fault = self.server.fault(Request(self.command, self.path))
        made_up = {
            Fault.REFUSE: _Answer(500, [("Content-Type", "application/xml")], _INTERNAL),
            Fault.LIE: _Answer(200, [("Content-Type", "application/xml")], _INTERNAL),
            Fault.FULL: _Answer(507, [("Content-Type", "text/plain")], b"no room"),
            Fault.GATEWAY: _Answer(503, [("Content-Type", "text/html")], b"<html>503</html>"),
        }.get(fault)
        if made_up is not None:
            self._answer(made_up)
            return
        self._distort(fault, self._forward(body))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 - http.server's names

    def _forward(self, body: bytes) -> _Answer:
        connection = http.client.HTTPConnection(self.server.upstream, timeout=30)
        try:
            headers = {name: value for name, value in self.headers.items() if value}
            connection.request(self.command, self.path, body=body, headers=headers)
            response = connection.getresponse()
            kept = [(k, v) for k, v in response.getheaders() if k.lower() not in _HOP_BY_HOP]
            if self.command == "HEAD":
                kept.append(("Content-Length", response.getheader("Content-Length", "0")))
            return _Answer(response.status, kept, response.read())
        finally:
            connection.close()

    def _distort(self, fault: Fault, real: _Answer) -> None:
        half = real.body[: len(real.body) // 2]
        match fault:
            case Fault.DO_AND_FAIL:
                self._answer(_Answer(500, [("Content-Type", "application/xml")], _INTERNAL))
            case Fault.DO_AND_LIE:
                self._answer(_Answer(200, [("Content-Type", "application/xml")], _INTERNAL))
            case Fault.DO_AND_DROP:
                self.close_connection = True
            case Fault.HANG:
                self.server.is_over.wait()
                self.close_connection = True
            case Fault.CUT:
                self._answer(_Answer(real.status, real.headers, half), length=len(real.body))
                self.close_connection = True
            case Fault.CUT_AND_HIDE:
                self._answer(_Answer(real.status, real.headers, half))
            case _:
                self._answer(real)

    def _answer(self, answer: _Answer, *, length: int | None = None) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in answer.headers):
            self.send_header("Content-Length", str(length or len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
