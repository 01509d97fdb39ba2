"""Opaque keyset cursors: where a page ended, safe against rows that come and go.

A cursor belongs to the list it was given out for: with another filter it would skip rows.
"""

import base64
import binascii
import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

from pipeline.core.errors import InvalidRequest
from pipeline.database.filters import Filter
from pipeline.database.webhooks import DeliveryFilter

_DIGEST_DIGITS = 12

Row = TypeVar("Row")
Wished = Filter | DeliveryFilter


def encode(key: tuple[float, str], wished: Wished | None = None) -> str:
    """Hide the key of a page's last row."""
    created_at, row_id = key
    text = f"{created_at!r} {row_id} {_digest(wished)}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str | None, wished: Wished | None = None) -> tuple[float, str] | None:
    """Read a cursor of ours.

    Raises:
        InvalidRequest: it is not one of ours, or of a list with another filter.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        created_at, row_id, digest = base64.urlsafe_b64decode(padded).decode().split(" ")
        key = float(created_at), row_id
    except (ValueError, binascii.Error) as exc:
        raise _foreign() from exc
    if not (math.isfinite(key[0]) and row_id.isalnum()):
        raise _foreign()
    if digest != _digest(wished):
        raise InvalidRequest("the cursor is of a list with another filter", code="request.cursor")
    return key


def following(
    rows: Sequence[tuple[float, Row]], limit: int, wished: Wished | None = None
) -> str | None:
    """Make the cursor of the next page out of rows of which one more than ``limit`` was asked."""
    if len(rows) <= limit:
        return None
    created_at, row = rows[limit - 1]
    return encode((created_at, row.id), wished)  # type: ignore[attr-defined]


def _digest(wished: Wished | None) -> str:
    text = "" if wished is None else repr(wished)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_DIGITS]


def _foreign() -> InvalidRequest:
    return InvalidRequest("the cursor is not one of ours", code="request.cursor")
