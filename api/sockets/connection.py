"""The TCP side of a websocket: whole frames only, and no waiting for ever on a dead reader."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

#: A socket that acknowledges nothing for this long is cut by the kernel.
DRAIN_MS = 15_000
#: Small on purpose: what the kernel holds for a stuck reader is memory and lateness.
SEND_BUFFER_BYTES = 64 * 1024


class WholeFrames:
    """Stands for the server's socket inside simple_websocket.

    That library sends with ``send``, which may send half, from two threads (its own answers
    pings): on a slow reader frames would tear or mix. Here each call is sent whole under a lock.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._lock = Lock()
        #: Called when simple_websocket is through with the connection, whoever ended it.
        self.on_close: Callable[[], None] = _nobody
        #: Whether the kernel gave the reader up; either thread may be the one to hear of it.
        self.has_stalled = False

    def send(self, data: bytes) -> int:
        """Send all of it. Raises OSError when the reader stalls for ``DRAIN_MS`` or is gone."""
        with self._lock, self._noting_stalls():
            self._connection.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Receive at most so many bytes."""
        with self._noting_stalls():
            received: bytes = self._connection.recv(size)
        return received

    @contextmanager
    def _noting_stalls(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self.has_stalled = True
            raise

    def fileno(self) -> int:
        """Name the descriptor, for selectors."""
        number: int = self._connection.fileno()
        return number

    def close(self) -> None:
        """End both directions; the server that accepted the connection closes it."""
        self.on_close()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)


def prepare(environ: dict[str, Any]) -> None:
    """Set a request's connection up for frames, before the handshake.

    Compression is not offered: it would need every frame coded once per client.
    """
    environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
    environ["reelmill.upgraded"] = True
    for name in ("werkzeug.socket", "gunicorn.socket"):
        connection = environ.get(name)
        if connection is not None:
            _tune(connection)
            environ[name] = WholeFrames(connection)


def _tune(connection: Any) -> None:
    connection.settimeout(None)
    if connection.family in {socket.AF_INET, socket.AF_INET6}:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Linux only; elsewhere the ping's missing answer ends such a connection.
        if user_timeout := getattr(socket, "TCP_USER_TIMEOUT", None):
            connection.setsockopt(socket.IPPROTO_TCP, user_timeout, DRAIN_MS)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def _nobody() -> None:
    """Stand in until somebody wants to hear."""


class Unread(list[Any]):
    """An input buffer for clients that have nothing to say: keeps nothing, so cannot grow."""

    def append(self, _message: Any) -> None:
        """Forget the message."""
