"""What the protocol says in headers, and how strictly it is read; pure."""

import re
from collections.abc import Collection
from typing import Protocol

from pipeline.core.errors import InvalidRequest

VERSION = "1.0.0"
EXTENSIONS = (
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "expiration",
    "checksum",
    "termination",
    "concatenation",
)
#: Media type of every body that carries bytes of an upload.
BODY_TYPE = "application/offset+octet-stream"
METHODS = ("OPTIONS", "HEAD", "POST", "PATCH", "DELETE")
#: Together with the names these are all that servers and proxies take for one line.
HEADER_LIMIT = 8192

#: A number has at most so many digits: within 64 bits on every engine.
_NUMBER = re.compile(r"[0-9]{1,18}")


class Headers(Protocol):
    """Headers by name, whatever their case."""

    def get(self, name: str, /) -> str | None:
        """Get one, None where it was not sent."""


def speaks(headers: Headers) -> bool:
    """Tell whether the request speaks the version we do."""
    return (headers.get("Tus-Resumable") or "").strip() == VERSION


def number(headers: Headers, name: str) -> int | None:
    """Read a header that holds a count of bytes; None where it was not sent.

    Raises:
        InvalidRequest: ``upload.header``, it is no plain number.
    """
    text = headers.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text.strip()):
        raise wrong(name, "is not one plain number")
    return int(text)


def limited(headers: Headers, name: str) -> str | None:
    """Read a header of text; None where it was not sent.

    Raises:
        InvalidRequest: ``upload.header``, it is longer than any client of good will sends.
    """
    text = headers.get(name)
    if text is not None and len(text) > HEADER_LIMIT:
        raise wrong(name, f"is longer than {HEADER_LIMIT} characters")
    return text


def carries_bytes(headers: Headers) -> bool:
    """Tell whether the body is said to hold bytes of the upload."""
    kind = (headers.get("Content-Type") or "").partition(";")[0]
    return kind.strip().lower() == BODY_TYPE


def wrong(name: str, what: str) -> InvalidRequest:
    """Make the complaint about one header; what it held is not repeated."""
    return InvalidRequest(f"{name} {what}.", code="upload.header")


def one_of(text: str, allowed: Collection[str]) -> str | None:
    """Find a word among those allowed, None where it is none of them."""
    return text if text in allowed else None
