"""One client of a websocket from its handshake to its end; it is written to by one thread."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from api.sockets.connection import Unread
from api.sockets.hub import Hub
from api.sockets.mailbox import Mailbox


def listen(ws: Any, mailbox: Mailbox) -> None:
    """Have whoever takes from the mailbox hear of the client's end; forget what it says."""
    ws.input_buffer = Unread()
    ws.sock.on_close = mailbox.nudge


def converse(ws: Any, hub: Hub, talk: Callable[[], tuple[int, str]]) -> bool:
    """Talk on the client's own thread, and close by the code and words that ends with.

    Tells whether the client was cut for not reading.
    """
    with suppress(OSError):
        code, reason = talk()
        if ws.connected:
            ws.close(code, reason)
    has_stalled = bool(ws.sock.has_stalled)
    if has_stalled:
        hub.count_cut()
    # Wakes simple_websocket's reading thread, which would sleep until its next ping.
    ws.sock.close()
    return has_stalled
