"""A TUS client on a bare socket, that knows how to be cut off at a chosen byte."""

import base64
import contextlib
import re
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

#: What a cut may leave behind on the way: kept small, so that little of it has to be sent again.
SEND_BUFFER_BYTES = 64 * 1024
_TIMEOUT_S = 30.0
BODY_TYPE = "application/offset+octet-stream"
_VERSION = {"Tus-Resumable": "1.0.0"}


class WireError(Exception):
    """The server closed the connection, or answered something that is no HTTP."""


class CutKind(StrEnum):
    """How a connection ends before its time."""

    #: Our side ends in order (FIN).
    CLOSE = "close"
    #: Torn down: what is still on its way is lost (RST).
    RESET = "reset"
    #: Nothing more comes, and nobody says so: a phone in a tunnel.
    STALL = "stall"


@dataclass(frozen=True)
class Answer:
    """Status, headers in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def offset_bytes(self) -> int:
        """What the server says it has."""
        return int(self.headers["upload-offset"])


@dataclass
class Wire:
    """One connection to the server of an address."""

    url: str
    timeout_s: float = _TIMEOUT_S
    #: 0 leaves it to the kernel.
    send_buffer_bytes: int = SEND_BUFFER_BYTES
    _socket: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self._host = parts.netloc
        self._socket = socket.socket()
        if self.send_buffer_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer_bytes)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(self.timeout_s)
        try:
            self._socket.connect((parts.hostname or "", parts.port or 80))
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: Iterable[bytes | memoryview] = (),
    ) -> Answer:
        """Send a request and read its answer; ``Content-Length`` is the caller's to give."""
        self.begin(method, target, headers or {})
        # A server that refuses may close before it has read everything; its answer counts.
        with contextlib.suppress(ConnectionError):
            for block in body:
                self._socket.sendall(block)
        return self.answer(has_body=method != "HEAD")

    def begin(self, method: str, target: str, headers: Mapping[str, str]) -> None:
        """Send the head of a request."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in {**_VERSION, **headers}.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def send(self, data: bytes) -> int:
        """Send as much as fits before the peer goes away; return how much that was."""
        view, n_sent = memoryview(data), 0
        with contextlib.suppress(ConnectionError):
            while n_sent < len(data):
                n_sent += self._socket.send(view[n_sent:])
        return n_sent

    def cut(self, kind: CutKind) -> None:
        """End the connection in one of the ways they end; a stalled one stays open."""
        if kind is CutKind.STALL:
            return
        if kind is CutKind.RESET:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def answer(self, *, has_body: bool = True) -> Answer:
        """Read the final answer to a request without a body worth naming in HTTP/1.1 terms."""
        with self._socket.makefile("rb") as stream:
            while True:
                status, headers = _head(stream.readline, stream.readline())
                if status >= 200:
                    length = int(headers.get("content-length", "0")) if has_body else 0
                    return Answer(status, headers, stream.read(length) if length else b"")


def _head(next_line: Callable[[], bytes], first: bytes) -> tuple[int, dict[str, str]]:
    found = re.match(rb"HTTP/1\.[01] (\d{3})", first)
    if not found:
        raise WireError(f"no answer but {first[:60]!r}")
    headers: dict[str, str] = {}
    while (line := next_line().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(found[1]), headers


def create(
    url: str, size_bytes: int | None, metadata: Mapping[str, str] | None = None, **extra: str
) -> str:
    """Create an upload and return its address."""
    length = (
        {"Upload-Defer-Length": "1"} if size_bytes is None else {"Upload-Length": str(size_bytes)}
    )
    headers = {"Content-Length": "0", **length, **extra}
    if metadata:
        headers["Upload-Metadata"] = ",".join(
            f"{name} {base64.b64encode(value.encode()).decode()}"
            for name, value in metadata.items()
        )
    with Wire(url) as wire:
        answer = wire.ask("POST", urlsplit(url).path, headers)
    if answer.status != 201:
        raise WireError(f"{answer.status} {answer.body[:500]!r}")
    return urljoin(url, answer.headers["location"])


def head(location: str) -> Answer:
    """Ask how much of an upload is there."""
    with Wire(location) as wire:
        return wire.ask("HEAD", urlsplit(location).path)


def offset_when_free(location: str, *, within_s: float = 30.0) -> int:
    """Ask until the server is there and lets go of what was cut off."""
    give_up_at = time.monotonic() + within_s
    while True:
        try:
            answer = head(location)
            if answer.status in {200, 204}:
                return answer.offset_bytes
            problem = f"{answer.status}"
        except (OSError, WireError) as error:
            problem = repr(error)
        if time.monotonic() > give_up_at:
            raise WireError(f"no offset of {location} after {within_s} s: {problem}")
        time.sleep(0.02)
