"""One HTTP/1.1 answer on its way out, framed so that the client knows where it ends."""

from http.server import BaseHTTPRequestHandler
from typing import Any


class Reply:
    """Takes what a WSGI application answers and writes it to one handler's connection."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._is_chunked = False
        self._left_bytes: int | None = None
        self.has_begun = False

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """Take status and headers: WSGI's ``start_response``."""
        if exc_info and self.has_begun:
            raise exc_info[1].with_traceback(exc_info[2])
        self._status, self._headers = status, headers
        return self.write

    def write(self, data: bytes) -> None:
        """Send a piece, after the head if it is the first."""
        if not self.has_begun:
            self._begin()
        if not data:
            return
        if self._left_bytes is not None:
            self._left_bytes -= len(data)
        if self._is_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._handler.wfile.write(data)

    def _begin(self) -> None:
        self.has_begun = True
        handler = self._handler
        code, _, reason = self._status.partition(" ")
        handler.send_response(int(code), reason)
        for name, value in self._headers:
            handler.send_header(name, value)
        self._frame(int(code))
        if handler.close_connection:
            handler.send_header("Connection", "close")
        handler.end_headers()

    def _frame(self, code: int) -> None:
        """Decide how the end of the body is told, and whether the connection may stay."""
        lengths = [value for name, value in self._headers if name.lower() == "content-length"]
        has_body = self._handler.command != "HEAD" and code not in {204, 304}
        if not has_body:
            return
        if lengths:
            self._left_bytes = int(lengths[0])
        elif self._handler.request_version == "HTTP/1.1":
            self._is_chunked = True
            self._handler.send_header("Transfer-Encoding", "chunked")
        else:
            self._handler.close_connection = True

    def end(self) -> None:
        """Finish; a body shorter than announced costs the connection."""
        self.write(b"")
        if self._is_chunked:
            self._handler.wfile.write(b"0\r\n\r\n")
        if self._left_bytes:
            self._handler.close_connection = True
