"""A request's body as it arrives: whatever came is kept, however it ends.

gunicorn reads until it has as much as was asked for, and what it waited for in vain takes what
came before along; so its readers are asked for what is there. Another thread may end it: the
reading side of the connection is shut down, which wakes whoever waits for it.
"""

import math
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Any

from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected

from api.framing import Body
from api.streaming import BLOCK_BYTES, connection_socket

#: What a broken connection brought and nobody has read yet is read in less …
_DRAIN_S = 0.3
#: … or there is none, once its reader has waited for so long.
_QUIET_S = 0.05
_LOOK_S = 0.005

_BROKEN = (OSError, ClientDisconnected, ParseException)


class End(StrEnum):
    """How a body ended."""

    WHOLE = "whole"
    BROKEN = "broken"
    STALLED = "stalled"
    STOPPED = "stopped"


class Arriving:
    """The blocks of one body, read by one thread; any thread may stop it."""

    def __init__(self, environ: dict[str, Any], *, stall_s: float) -> None:
        self._connection = connection_socket(environ)
        self._body = environ["wsgi.input"]
        announced = environ.get("CONTENT_LENGTH", "")
        #: What the client said it would send; None where it is chunked.
        self.announced_bytes = int(announced) if announced else None
        if self.announced_bytes is None and "HTTP_TRANSFER_ENCODING" not in environ:
            self.announced_bytes = 0
        self._stall_s = stall_s
        #: Until when a reader that shall end may take in what lies in the connection already.
        self._until_s = math.inf
        #: Since when the reader waits for bytes; infinite while it does other things.
        self._waits_since_s = math.inf
        self.n_bytes = 0
        #: When the last block came, by the monotonic clock.
        self.moved_at = time.monotonic()
        self.end: End | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Yield what comes until it ends; ``end`` tells how."""
        before = None if self._connection is None else self._connection.gettimeout()
        self._set_timeout(self._stall_s)
        try:
            yield from self._blocks(_some_of(self._body))
        finally:
            self._set_timeout(before)
            if self.end is not End.WHOLE:
                # gunicorn closes a connection whose body failed; ours does so by itself.
                with suppress(AttributeError):
                    self._body.failed = True

    def _blocks(self, read: Callable[[], bytes]) -> Iterator[bytes]:
        try:
            while time.monotonic() < self._until_s:
                self._waits_since_s = time.monotonic()
                block = read()
                self._waits_since_s = math.inf
                if not block:
                    break
                self.n_bytes += len(block)
                self.moved_at = time.monotonic()
                yield block
        except TimeoutError:
            self.end = End.STALLED
        except _BROKEN:
            self.end = End.BROKEN
        else:
            is_whole = self.announced_bytes in {None, self.n_bytes}
            self.end = End.WHOLE if is_whole else End.BROKEN
        if self._until_s < math.inf and self.end is not End.WHOLE:
            self.end = End.STOPPED

    def _set_timeout(self, seconds: float | None) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.settimeout(seconds)

    def stop(self) -> None:
        """Let the reading thread end at once, with what has come; returns when it will."""
        until_s = min(self._until_s, time.monotonic() + _DRAIN_S)
        self._until_s = until_s
        while time.monotonic() < min(until_s, self._waits_since_s + _QUIET_S):
            time.sleep(_LOOK_S)
        if self._connection is not None:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RD)


def _some_of(body: Any) -> Callable[[], bytes]:
    """Find how a server's body is asked for what is there."""
    if isinstance(body, Body):
        return lambda: body.read_some(BLOCK_BYTES)
    reader = getattr(body, "reader", None)
    if isinstance(reader, LengthReader):
        return lambda: _some_of_length(reader)
    if isinstance(reader, ChunkedReader):
        return lambda: _some_of_chunks(reader)
    return lambda: bytes(body.read(BLOCK_BYTES))


def _some_of_length(reader: LengthReader) -> bytes:
    if not reader.length:
        return b""
    unreader = reader.unreader
    block: bytes = unreader.take_buffered() or unreader.chunk(min(reader.length, BLOCK_BYTES))
    if len(block) > reader.length:
        # The client sent its next request along.
        unreader.unread(block[reader.length :])
        block = block[: reader.length]
    reader.length -= len(block)
    return block


def _some_of_chunks(reader: ChunkedReader) -> bytes:
    block: bytes = b""
    while not block and reader.parser is not None:
        try:
            block = next(reader.parser)
        except StopIteration:
            reader.parser = None
    return block
