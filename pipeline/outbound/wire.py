"""One connection: to an address that was judged, with waiting that can be stopped."""

import errno
import os
import selectors
import socket
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import httpcore

from pipeline.core.errors import UrlFailed, UrlUnreachable
from pipeline.core.weburl import Address
from pipeline.outbound.patience import Patience

T = TypeVar("T")

_UNDER_WAY = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})


def connect(
    address: Address, port: int, patience: Patience, limit_s: float | None
) -> socket.socket:
    """Connect to exactly this address.

    Raises:
        UrlUnreachable: nobody is there.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        _check(sock.connect_ex((str(address), port)), _UNDER_WAY)
        patience.wait(lambda turn_s: _await_writable(sock, turn_s), limit_s)
        _check(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), {0})
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _check(code: int, fine: frozenset[int] | set[int]) -> None:
    if code not in fine:
        raise UrlUnreachable(f"the server cannot be reached: {os.strerror(code)}")


def _await_writable(sock: socket.socket, turn_s: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_WRITE)
        if not selector.select(turn_s):
            raise TimeoutError


class Wire(httpcore.NetworkStream):
    """A socket as httpcore speaks through it."""

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self._sock = sock
        self._patience = patience

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there; nothing at the end."""
        return self._do(lambda: self._sock.recv(max_bytes), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        while buffer:
            rest = buffer
            try:
                buffer = rest[self._do(lambda: self._sock.send(rest), timeout) :]  # noqa: B023
            except UrlUnreachable as exc:
                if exc.instance_code != UrlUnreachable.code:
                    raise
                # The server may have answered before it broke off: then that counts.
                raise httpcore.WriteError(exc.detail) from exc

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on encrypted; the certificate must be valid for the name that was asked for."""
        secured = ssl_context.wrap_socket(
            self._sock, server_hostname=server_hostname, do_handshake_on_connect=False
        )
        wire = Wire(secured, self._patience)
        try:
            wire._do(secured.do_handshake, timeout)
        except UrlUnreachable as exc:
            secured.close()
            raise _handshake_error(exc) from exc
        except BaseException:
            secured.close()
            raise
        return wire

    def get_extra_info(self, info: str) -> Any:
        """Tell httpcore what it asks of the connection."""
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        # Whether something can be read: a connection is never used twice here.
        return False if info == "is_readable" else None

    def _do(self, act: Callable[[], T], limit_s: float | None) -> T:
        def step(turn_s: float) -> T:
            self._sock.settimeout(turn_s)
            return act()

        try:
            return self._patience.wait(step, limit_s)
        except OSError as exc:
            raise UrlUnreachable(f"the connection broke off: {exc.strerror or exc}") from exc


def _handshake_error(error: UrlUnreachable) -> UrlFailed | UrlUnreachable:
    """Tell a server that is not who it should be from one that went away."""
    match error.__cause__:
        case ssl.SSLCertVerificationError() as cause:
            detail = f"the server's certificate is not valid: {cause.verify_message}"
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return error
        case ssl.SSLError() as cause:
            detail = f"TLS failed: {(cause.reason or 'unknown').replace('_', ' ').lower()}"
        case _:
            return error
    return UrlFailed(detail, code="url.tls")
