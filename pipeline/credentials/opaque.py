"""Secrets of 32 random bytes that are given out once and kept as digests.

A digest needs no salt and no slowness: nobody guesses 256 random bits.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

_SECRET_BYTES = 32
_STREAM_KEY = re.compile(r"(rms_[0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)
_KEY = re.compile(r"(rmk_[0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


def new_secret() -> str:
    """Make one: 43 characters that mean nothing in addresses, headers and shells."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest(secret: str) -> str:
    """Make what is stored of it."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_same(left: str, right: str) -> bool:
    """Compare two secrets, or two digests, in a time that does not tell where they differ."""
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


@dataclass(frozen=True)
class ApiKey:
    """An API key as its owner holds it: a beginning to find it by, and the secret."""

    prefix: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.prefix}_{self.secret}"


def new_key() -> ApiKey:
    """Make an API key."""
    return ApiKey(prefix=f"rmk_{secrets.token_hex(6)}", secret=new_secret())


def read_key(text: str) -> ApiKey | None:
    """Take a text apart; None where it is no API key."""
    found = _KEY.fullmatch(text)
    return None if found is None else ApiKey(prefix=found[1], secret=found[2])


def looks_like_key(text: str) -> bool:
    """Tell whether a text is an API key, or was one before a part of it was lost."""
    return text.startswith("rmk_")


def new_stream_key() -> ApiKey:
    """Make a key to publish with; it may stand in an RTMP address as it is."""
    return ApiKey(prefix=f"rms_{secrets.token_hex(6)}", secret=new_secret())


def stream_key_prefix(text: str) -> str | None:
    """Tell what a stream key is found by; None where the text is none."""
    found = _STREAM_KEY.fullmatch(text)
    return None if found is None else found[1]
