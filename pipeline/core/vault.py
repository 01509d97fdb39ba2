"""Secrets that must be read again, as they are kept: AES-256-GCM, bound to what they belong to.

A copy of the database alone does not open them.
"""

import base64
import binascii
import hmac

from Crypto.Cipher import AES
from Crypto.Cipher._mode_gcm import GcmMode

NONCE_BYTES = 12
_TAG_BYTES = 16
_VERSION = "1:"


def key_of(installation_secret: bytes, purpose: str) -> bytes:
    """Derive the key for one purpose."""
    return hmac.digest(installation_secret, f"reelmill:vault:{purpose}".encode(), "sha256")


def seal(key: bytes, secret: bytes, *, owner: str, nonce: bytes) -> str:
    """Lock a secret away under the id of its owner; a nonce is used once."""
    closed, tag = _cipher(key, owner, nonce).encrypt_and_digest(secret)
    return _VERSION + base64.b64encode(nonce + tag + closed).decode()


def unseal(key: bytes, kept: str, *, owner: str) -> bytes | None:
    """Read a secret again; None where the key is another one, or it is not this owner's."""
    try:
        data = base64.b64decode(kept.removeprefix(_VERSION), validate=True)
        nonce, rest = data[:NONCE_BYTES], data[NONCE_BYTES:]
        return _cipher(key, owner, nonce).decrypt_and_verify(rest[_TAG_BYTES:], rest[:_TAG_BYTES])
    except (ValueError, binascii.Error):
        return None


def _cipher(key: bytes, owner: str, nonce: bytes) -> GcmMode:
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce)
    cipher.update(owner.encode())
    return cipher
