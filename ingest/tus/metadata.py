"""``Upload-Metadata``: names and values, the latter in Base64; pure."""

import base64
import binascii
import re
from collections.abc import Iterator

from pipeline.core.errors import InvalidRequest

MAX_PAIRS = 64
#: Names are printable ASCII without space and comma.
_NAME = re.compile(r"[!-+\--~]{1,128}")


def decoded(header: str | None) -> dict[str, str]:
    """Read the pairs of a header; a name without a value has the empty one.

    Raises:
        InvalidRequest: ``upload.metadata``, it is not as the protocol says.
    """
    if header is None or not header.strip():
        return {}
    pairs: dict[str, str] = {}
    for name, value in _pairs(header):
        if name in pairs:
            raise _bad(f"names {name!a} twice")
        pairs[name] = value
    return pairs


def _pairs(header: str) -> Iterator[tuple[str, str]]:
    parts = header.split(",")
    if len(parts) > MAX_PAIRS:
        raise _bad(f"has more than {MAX_PAIRS} pairs")
    for part in parts:
        name, _, value = part.strip().partition(" ")
        if not _NAME.fullmatch(name):
            raise _bad("has a name that is empty or not printable ASCII")
        yield name, _text(name, value)


def _text(name: str, value: str) -> str:
    try:
        return base64.b64decode(value.strip().encode("ascii"), validate=True).decode()
    except (UnicodeError, binascii.Error):
        raise _bad(f"has a value of {name!a} that is not UTF-8 in Base64") from None


def _bad(what: str) -> InvalidRequest:
    return InvalidRequest(f"Upload-Metadata {what}.", code="upload.metadata")
