"""Messages → websocket frames, once for all clients.

A server's frames are neither masked nor (as we refuse compression) coded per connection, so
the same bytes go to everybody. Source: RFC 6455 §5.2.
"""

from pydantic import BaseModel

from pipeline.services import watching
from schemas.events import ProgressTick
from schemas.http import EventMessage
from schemas.tickets import Audience

_FIN_TEXT = 0x81
_SMALL = 126
_MEDIUM = 1 << 16


def text_frame(message: BaseModel) -> bytes:
    """Serialise a schema into one whole text frame."""
    payload = message.model_dump_json().encode()
    size = len(payload)
    if size < _SMALL:
        head = bytes([_FIN_TEXT, size])
    elif size < _MEDIUM:
        head = bytes([_FIN_TEXT, 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([_FIN_TEXT, 127]) + size.to_bytes(8, "big")
    return head + payload


class Frames:
    """One message as each audience may have it, made when the first of them is there."""

    def __init__(self, message: EventMessage | ProgressTick) -> None:
        self._message = message
        self._made: dict[Audience, bytes | None] = {}

    def of(self, audience: Audience) -> bytes | None:
        """Give the frame; None where it is not for them."""
        if audience not in self._made:
            told = watching.told(self._message, audience)
            self._made[audience] = None if told is None else text_frame(told)
        return self._made[audience]
