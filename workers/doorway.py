"""Reading a broadcast's FLV from its door, for as long as it lasts.

HTTP/1.0 over a plain socket: the body is the bytes until the end, and a silence is no error, which
buffered clients cannot say.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from pipeline.core.live_errors import DoorAway

_CONNECT_S = 3.0
#: How long the head of an answer may take: the door looks for the keyframe first.
_HEAD_S = 10.0
#: A read that brings nothing for so long says so.
_SILENCE_S = 1.0
_BLOCK_BYTES = 256 * 1024
_LONGEST_HEAD_BYTES = 64 * 1024
_FOUND = 200


@contextmanager
def listening(door_url: str, path: str, token: str) -> Iterator[Iterator[bytes]]:
    """Open a path of a door; blocks come as they do, an empty one for each second of silence.

    Raises:
        DoorAway: it does not answer, or has no such thing.
    """
    with closing(_connected(door_url)) as opened:
        try:
            host = urlsplit(door_url).netloc
            asked = f"GET {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
            opened.settimeout(_HEAD_S)
            opened.sendall(asked.encode("ascii"))
            body = _answered(opened)
        except OSError as exc:
            raise DoorAway(f"the door broke off: {exc}") from exc
        yield _blocks(opened, body)


def _connected(door_url: str) -> socket.socket:
    at = urlsplit(door_url)
    is_secure = at.scheme == "https"
    try:
        address = (at.hostname or "", at.port or (443 if is_secure else 80))
        opened = socket.create_connection(address, _CONNECT_S)
        if is_secure:
            return ssl.create_default_context().wrap_socket(opened, server_hostname=at.hostname)
    except (OSError, ValueError) as exc:
        raise DoorAway(f"the door does not answer: {exc}") from exc
    else:
        return opened


def _answered(opened: socket.socket) -> bytes:
    """Read the head of the answer; return what came of the body with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        block = opened.recv(_BLOCK_BYTES)
        data += block
        if not block or len(data) > _LONGEST_HEAD_BYTES + _BLOCK_BYTES:
            raise DoorAway("the door did not answer in HTTP")
    head, _, body = data.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004  version and status
        raise DoorAway("the door did not answer in HTTP")
    status = int(words[1])
    if status != _FOUND:
        raise DoorAway(f"the door answers {status}")
    return body


def _blocks(opened: socket.socket, body: bytes) -> Iterator[bytes]:
    opened.settimeout(_SILENCE_S)
    block = body or b""
    while True:
        yield block
        try:
            block = opened.recv(_BLOCK_BYTES)
        except TimeoutError:
            block = b""
            continue
        except OSError as exc:
            raise DoorAway(f"the door broke off: {exc}") from exc
        if not block:
            return
