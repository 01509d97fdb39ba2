"""Messages → websocket frames, once for all clients.

A server's frames are neither masked nor (as we refuse compression) coded per connection, so
the same bytes go to everybody. Source: RFC 6455 §5.2.
"""

from pydantic import BaseModel

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
