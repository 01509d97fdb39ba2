"""HTTP/1.1 request bodies read strictly, so that the next request starts where it should.

Python's and werkzeug's readers accept ``+5``, ``0x5`` or both length headers at once; behind a
proxy that reads them differently, that is request smuggling. Source: RFC 9112 §6.3, §7.1.
"""

import io
import re
from collections.abc import Callable
from email.message import Message
from typing import Protocol

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
_MAX_LINE = 4096
_MAX_TRAILERS = 64


class FramingError(OSError):
    """The body's framing is wrong; what follows on the connection cannot be trusted."""


class ByteSource(Protocol):
    """A buffered connection."""

    def read(self, size: int, /) -> bytes:
        """Read so many bytes, fewer only at the end."""

    def read1(self, size: int, /) -> bytes:
        """Read what is there, waiting for one byte at least; nothing at the end."""

    def readline(self, limit: int, /) -> bytes:
        """Read to the end of the line."""


class Body(io.RawIOBase):
    """Reads one request body and knows when it is over."""

    def __init__(self, source: ByteSource, before_first_read: Callable[[], None]) -> None:
        self._source = source
        self._before_first_read: Callable[[], None] | None = before_first_read
        self.is_finished = False

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Fill the buffer as far as the body goes."""
        if self.is_finished:
            return 0
        self._announce()
        filled = 0
        while filled < len(buffer) and not self.is_finished:
            block = self._some(len(buffer) - filled)
            buffer[filled : filled + len(block)] = block
            filled += len(block)
        return filled

    def read_some(self, limit: int) -> bytes:
        """Read what has come, at least one byte; empty at the end.

        Nothing that came is lost to what comes after it, be that a reset or nothing at all.

        Raises:
            FramingError: the connection ended inside the body.
            OSError: it broke, or brought nothing in time.
        """
        if self.is_finished:
            return b""
        self._announce()
        return self._some(limit)

    def _announce(self) -> None:
        if self._before_first_read is not None:
            announce, self._before_first_read = self._before_first_read, None
            announce()

    def _some(self, limit: int) -> bytes:
        raise NotImplementedError

    def was_touched(self) -> bool:
        """Tell whether reading has begun."""
        return self._before_first_read is None


class SizedBody(Body):
    """A body of announced length; a short one just ends early."""

    def __init__(
        self, source: ByteSource, before_first_read: Callable[[], None], size_bytes: int
    ) -> None:
        super().__init__(source, before_first_read)
        self.left_bytes = size_bytes
        self.is_finished = size_bytes == 0

    def _some(self, limit: int) -> bytes:
        block = self._source.read1(min(limit, self.left_bytes))
        self.left_bytes -= len(block)
        if not block:
            raise FramingError("the connection ended inside the body")
        self.is_finished = self.left_bytes == 0
        return block


class ChunkedBody(Body):
    """A body in chunks."""

    _left_bytes = 0

    def _some(self, limit: int) -> bytes:
        if self._left_bytes == 0:
            self._left_bytes = self._next_size()
            if self._left_bytes == 0:
                self._skip_trailers()
                self.is_finished = True
                return b""
        block = self._source.read1(min(limit, self._left_bytes))
        if not block:
            raise FramingError("the connection ended inside a chunk")
        self._left_bytes -= len(block)
        if self._left_bytes == 0 and self._source.read(2) != b"\r\n":
            raise FramingError("a chunk does not end where it said")
        return block

    def _next_size(self) -> int:
        found = _SIZE_LINE.fullmatch(self._source.readline(_MAX_LINE))
        if found is None:
            raise FramingError("not a chunk size")
        return int(found[1], 16)

    def _skip_trailers(self) -> None:
        for _ in range(_MAX_TRAILERS):
            line = self._source.readline(_MAX_LINE)
            if line == b"\r\n":
                return
            if not line.endswith(b"\n"):
                break
        raise FramingError("the trailers do not end")


def body_of(headers: Message, source: ByteSource, before_first_read: Callable[[], None]) -> Body:
    """Choose how a request's body is framed.

    Raises:
        FramingError: two lengths, a length that is not plain digits, or a coding we lack.
    """
    lengths = headers.get_all("Content-Length", [])
    codings = headers.get_all("Transfer-Encoding", [])
    if codings:
        if lengths or [coding.strip().lower() for coding in codings] != ["chunked"]:
            raise FramingError("only Transfer-Encoding: chunked alone is understood")
        return ChunkedBody(source, before_first_read)
    if not lengths:
        return SizedBody(source, before_first_read, 0)
    if len(lengths) > 1 or not re.fullmatch(r"[0-9]{1,18}", lengths[0].strip()):
        raise FramingError("Content-Length is not one plain number")
    return SizedBody(source, before_first_read, int(lengths[0]))
