"""Websocket clients for tests: one that reads and one that never does."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from api.client.connection import connect
from tests.support.served import Served

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
)


@contextmanager
def watching(api: Served, path: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Connect and yield messages as plain JSON."""
    with connect(f"{api.url}{path}") as texts:
        yield (json.loads(text) for text in texts)


def raw_handshake(
    api: Served, path: str, *, more: str = "", receive_buffer_bytes: int | None = None
) -> socket.socket:
    """Send the handshake and read nothing; the caller closes the socket."""
    host = urlsplit(api.url).netloc
    wire = socket.socket()
    if receive_buffer_bytes is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    wire.settimeout(20)
    wire.connect((api.server.host, api.server.port))
    wire.sendall(HANDSHAKE.format(path=path, host=host, more=more).encode())
    return wire


def status_of(wire: socket.socket) -> int:
    """Read the status of the handshake's answer."""
    return int(wire.recv(64).split(b" ")[1])
