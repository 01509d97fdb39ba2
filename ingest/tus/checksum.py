"""``Upload-Checksum``: an algorithm and what the body of this one request digests to; pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ingest.tus.headers import wrong


class Digest(Protocol):
    """A running digest."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""

    def digest(self) -> bytes:
        """Tell the digest of all that came so far."""


def _sha1() -> Digest:
    # The protocol's own choice: it finds accidents, and nobody's trust rests on it.
    return hashlib.sha1(usedforsecurity=False)


ALGORITHMS: Mapping[str, Callable[[], Digest]] = {"sha1": _sha1, "sha256": hashlib.sha256}


@dataclass(frozen=True)
class Checksum:
    """What a body is said to digest to."""

    algorithm: str
    expected: bytes

    def begin(self) -> Digest:
        """Start a digest of the kind."""
        return ALGORITHMS[self.algorithm]()

    def matches(self, digest: Digest) -> bool:
        """Tell whether the body is what was said."""
        return hmac.compare_digest(digest.digest(), self.expected)


def checksum(header: str | None) -> Checksum | None:
    """Read the header; None where it was not sent.

    Raises:
        InvalidRequest: ``upload.header``, an algorithm we lack or a digest that is none.
    """
    if header is None:
        return None
    algorithm, _, text = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise wrong("Upload-Checksum", f"needs one of these: {', '.join(ALGORITHMS)}")
    try:
        expected = base64.b64decode(text.strip().encode("ascii"), validate=True)
    except (UnicodeError, binascii.Error):
        raise wrong("Upload-Checksum", "does not hold Base64") from None
    if len(expected) != len(ALGORITHMS[algorithm]().digest()):
        raise wrong("Upload-Checksum", f"does not hold a digest by {algorithm}")
    return Checksum(algorithm, expected)
