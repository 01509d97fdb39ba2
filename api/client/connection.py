"""A small blocking websocket reader over wsproto: no thread of its own, every wait bounded."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.events import Event as WireEvent
from wsproto.utilities import ProtocolError

#: The server pings every 15 s: this long without a byte means it is gone.
SILENCE_S = 45.0
_CONNECT_S = 5.0
_READ_BYTES = 64 * 1024


class HandshakeError(Exception):
    """The server answered the handshake with an HTTP status instead."""

    def __init__(self, status: int) -> None:
        super().__init__(f"handshake refused with {status}")
        self.status = status


class ConnectionLostError(Exception):
    """The connection ended; ``code`` is the close code, 1006 without a close frame."""

    def __init__(self, code: int = 1006) -> None:
        super().__init__(f"connection ended with {code}")
        self.code = code


@contextmanager
def connect(url: str) -> Iterator[Iterator[str]]:
    """Open a websocket and yield its text messages as they come.

    Raises:
        HandshakeError: there was an answer, but no websocket.
        ConnectionLostError: no answer, or (while iterating) the connection ended.
    """
    parts = urlsplit(url)
    is_secure = parts.scheme in {"https", "wss"}
    host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    with _connected(host, port, is_secure=is_secure) as connection:
        yield _messages(connection, parts.netloc, target)


def _connected(host: str, port: int, *, is_secure: bool) -> socket.socket:
    try:
        connection = socket.create_connection((host, port), timeout=_CONNECT_S)
        if is_secure:
            # On failure it closes what it was given.
            return ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    except OSError as error:
        raise ConnectionLostError from error
    return connection


def _messages(connection: socket.socket, host: str, target: str) -> Iterator[str]:
    wire = WSConnection(ConnectionType.CLIENT)
    try:
        connection.sendall(wire.send(Request(host=host, target=target)))
        pieces: list[str] = []
        for event in _events(connection, wire):
            if isinstance(event, TextMessage):
                pieces.append(event.data)
                if event.message_finished:
                    yield "".join(pieces)
                    pieces.clear()
            else:
                _react(connection, wire, event)
    except (OSError, ProtocolError) as error:
        raise ConnectionLostError from error


def _react(connection: socket.socket, wire: WSConnection, event: WireEvent) -> None:
    if isinstance(event, RejectConnection):
        raise HandshakeError(event.status_code)
    if isinstance(event, CloseConnection):
        connection.sendall(wire.send(event.response()))
        raise ConnectionLostError(event.code)
    if isinstance(event, Ping):
        connection.sendall(wire.send(event.response()))
    if isinstance(event, AcceptConnection):
        connection.settimeout(SILENCE_S)


def _events(connection: socket.socket, wire: WSConnection) -> Iterator[WireEvent]:
    deadline = time.monotonic() + SILENCE_S
    while time.monotonic() < deadline:
        yield from wire.events()
        data = connection.recv(_READ_BYTES)
        if not data:
            raise ConnectionLostError
        wire.receive_data(data)
        deadline = time.monotonic() + SILENCE_S
    raise ConnectionLostError
