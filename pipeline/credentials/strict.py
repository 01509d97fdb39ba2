"""A compact JWS taken apart more strictly than any library needs to: one text, one reading.

What two readers could understand differently (double names, odd base64, headers that change how
to verify) is refused here, before a key is looked for.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

#: Longer than any token we take needs to be.
MAX_CHARS: Final = 8192
_FORM: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
#: The rest (jku, x5u, jwk, x5c, crit, b64, zip, enc …) either names a key that the sender chose or
#: changes what is verified. The thumbprints are ignored: keys are found by ``kid``.
_HEADERS: Final = {"alg", "typ", "kid", "x5t", "x5t#S256"}
_TYPES: Final = {"at+jwt", "application/at+jwt"}
_MAX_KID_CHARS: Final = 200


class MalformedError(Exception):
    """It is no token we read; the text says why, for our own log."""


@dataclass(frozen=True)
class Unverified:
    """What a token says of itself: nothing of it is proven."""

    algorithm: str
    kid: str | None
    claims: dict[str, Any]


def read(token: str) -> Unverified:
    """Take a token apart.

    Raises:
        MalformedError: it is not exactly what an access token looks like.
    """
    if len(token) > MAX_CHARS:
        raise MalformedError("too long")
    if not _FORM.fullmatch(token):
        raise MalformedError("not three segments of base64url")
    header_text, claims_text, signature_text = token.split(".")
    header, claims = _object(header_text), _object(claims_text)
    _bytes(signature_text)
    return Unverified(_algorithm(header), _kid(header), claims)


def _algorithm(header: dict[str, Any]) -> str:
    if unknown := set(header) - _HEADERS:
        raise MalformedError(f"headers we never follow: {sorted(unknown)[:5]}")
    type_, algorithm = header.get("typ"), header.get("alg")
    if not isinstance(type_, str) or type_.lower() not in _TYPES:
        raise MalformedError("not of the type at+jwt")
    if not isinstance(algorithm, str):
        raise MalformedError("no algorithm")
    return algorithm


def _kid(header: dict[str, Any]) -> str | None:
    if "kid" not in header:
        return None
    kid = header["kid"]
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID_CHARS or not kid.isprintable():
        raise MalformedError("a kid that is none")
    return kid


def _object(segment: str) -> dict[str, Any]:
    try:
        found = json.loads(
            _bytes(segment).decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON") from error
    if not isinstance(found, dict):
        raise MalformedError("no JSON object")
    return found


def _bytes(segment: str) -> bytes:
    try:
        decoded = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except NotBase64 as error:
        raise MalformedError("not base64url") from error
    # The last character has bits to spare: one value, one spelling.
    if urlsafe_b64encode(decoded).rstrip(b"=") != segment.encode():
        raise MalformedError("base64url with loose ends")
    return decoded


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("a name twice")
    return found


def _no_constant(name: str) -> None:
    raise MalformedError(f"{name} is no JSON")
