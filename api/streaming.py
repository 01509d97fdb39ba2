"""A request body as blocks, in flat memory, however the client and the server frame it.

gunicorn ends a broken body without an error, werkzeug raises, both wait for ever for a client
that stalls: here all of that becomes one coded error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected

from pipeline.core.errors import InvalidRequest, TooLarge

BLOCK_BYTES = 256 * 1024
#: Seconds without a byte after which an upload is given up.
STALL_S = 30.0

_REMEDY = "Nothing of it was kept: send the file again."


def blocks(request: Request, *, limit_bytes: int, stall_s: float = STALL_S) -> Iterator[bytes]:
    """Yield the body of a request in blocks of at most 256 KiB.

    Raises:
        TooLarge: the announced length is over the limit; nothing has been read then.
        InvalidRequest: the client went away, stalled, or sent less than it announced.
    """
    announced = request.content_length
    if announced is not None and announced > limit_bytes:
        raise TooLarge(f"{announced} bytes announced, {limit_bytes} are allowed.")
    n_read = 0
    with _patience(connection_socket(request.environ), stall_s):
        while block := _read(request):
            n_read += len(block)
            yield block
    if announced is not None and n_read != announced:
        raise _broken(f"{n_read} of {announced} announced bytes came.")


def _read(request: Request) -> bytes:
    try:
        return request.stream.read(BLOCK_BYTES)
    except TimeoutError:
        raise _broken("No more bytes came.", code="upload.stalled") from None
    except (OSError, ClientDisconnected, ParseException) as error:
        raise _broken("The connection broke or its framing is wrong.") from error


def _broken(detail: str, *, code: str = "upload.incomplete") -> InvalidRequest:
    return InvalidRequest(detail, code=code, remedy=_REMEDY)


def connection_socket(environ: dict[str, Any]) -> Any | None:
    """Find the TCP socket behind a request, where the server shows it."""
    return environ.get("werkzeug.socket") or environ.get("gunicorn.socket")


@contextmanager
def _patience(connection: Any | None, seconds: float) -> Iterator[None]:
    if connection is None:
        yield
        return
    before = connection.gettimeout()
    connection.settimeout(seconds)
    try:
        yield
    finally:
        connection.settimeout(before)
