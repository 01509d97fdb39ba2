"""Answers kept for whoever holds the key of the request they answer, and for nobody else.

An answer may hold a secret that is shown once. What is stored opens with the sender's own
``Idempotency-Key`` alone, of which we keep a digest: a copy of the database gives nothing away
beyond what a guessable key does.
"""

import hashlib
import hmac

from Crypto.Cipher import AES

_NONCE_BYTES, _TAG_BYTES = 12, 16


def digest(key: str) -> str:
    """Make what a key is found by."""
    return hashlib.sha256(b"find" + key.encode()).hexdigest()


def seal(key: str, promise_id: str, plain: bytes) -> bytes:
    """Close an answer; each request has an id of its own, so no two share key and nonce."""
    cipher = AES.new(_secret(key, promise_id), AES.MODE_GCM, nonce=bytes(_NONCE_BYTES))
    closed, tag = cipher.encrypt_and_digest(plain)
    return tag + closed


def open_(key: str, promise_id: str, sealed: bytes) -> bytes:
    """Open an answer.

    Raises:
        ValueError: it was closed with another key, or changed since.
    """
    cipher = AES.new(_secret(key, promise_id), AES.MODE_GCM, nonce=bytes(_NONCE_BYTES))
    return cipher.decrypt_and_verify(sealed[_TAG_BYTES:], sealed[:_TAG_BYTES])


def _secret(key: str, promise_id: str) -> bytes:
    return hmac.digest(key.encode(), b"seal" + promise_id.encode(), "sha256")
