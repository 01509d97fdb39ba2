"""Opaque keyset cursors: where a page ended, safe against rows that come and go."""

import base64
import binascii
import math

from pipeline.core.errors import InvalidRequest


def encode(key: tuple[float, str]) -> str:
    """Hide the key of a page's last row."""
    created_at, row_id = key
    return base64.urlsafe_b64encode(f"{created_at!r} {row_id}".encode()).decode().rstrip("=")


def decode(cursor: str | None) -> tuple[float, str] | None:
    """Read a cursor of ours.

    Raises:
        InvalidRequest: it is not one of ours.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        created_at, row_id = base64.urlsafe_b64decode(padded).decode().split(" ")
        key = float(created_at), row_id
    except (ValueError, binascii.Error) as exc:
        raise _foreign() from exc
    if not (math.isfinite(key[0]) and row_id.isalnum()):
        raise _foreign()
    return key


def _foreign() -> InvalidRequest:
    return InvalidRequest("the cursor is not one of ours", code="request.cursor")
