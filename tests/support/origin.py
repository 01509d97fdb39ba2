"""A web server of somebody else: each path answers, byte by byte, as the test says."""

import socket
import socketserver
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any


@dataclass
class Visit:
    """One request, and the connection it came over."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    sock: socket.socket
    #: Set when the server goes down: whoever dawdles stops.
    is_over: Event

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer in one piece; ``content_length=""`` leaves the length out."""
        given = {"content-length": str(len(body))}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [
            f"HTTP/1.1 {status} X",
            *(f"{name}: {value}" for name, value in given.items() if value),
        ]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        self.send(body)

    def send(self, data: bytes) -> None:
        """Send bytes as they are; nobody there any more ends the visit."""
        self.sock.sendall(data)

    def reset(self) -> None:
        """Break the connection off so that the other side sees an error, not an end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.sock.close()


Script = Callable[[Visit], None]


@dataclass
class Origin:
    """The server while it runs."""

    port: int
    scripts: dict[str, Script]
    visits: list[Visit] = field(default_factory=list)
    is_over: Event = field(default_factory=Event)
    scheme: str = "http"

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        """Address of a path."""
        return f"{self.scheme}://{host}:{self.port}{path}"


@contextmanager
def origin(scripts: dict[str, Script], *, tls: ssl.SSLContext | None = None) -> Iterator[Origin]:
    """Run a server; paths without a script are 404, without their query in any case."""
    place = Origin(0, scripts, scheme="https" if tls else "http")

    class Door(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                sock = tls.wrap_socket(self.request, server_side=True) if tls else self.request
                visit = _read(sock, place.is_over)
                if visit is None:
                    return
                place.visits.append(visit)
                place.scripts.get(visit.path.partition("?")[0], _missing)(visit)
                sock.close()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            place.is_over.set()

    with Server(("127.0.0.1", 0), Door) as server:
        place.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield place
        place.is_over.set()
        server.shutdown()
        thread.join()


def _missing(visit: Visit) -> None:
    visit.answer(404, b"nothing here")


def _read(sock: socket.socket, is_over: Event) -> Visit | None:
    data = b""
    while b"\r\n\r\n" not in data:
        got = sock.recv(65536)
        if not got:
            return None
        data += got
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    while len(body) < int(headers.get("content-length", "0")):
        body += sock.recv(65536)
    return Visit(method, path, headers, body, sock, is_over)
