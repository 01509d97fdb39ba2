"""Signatures of webhooks as Standard Webhooks says: HMAC-SHA256 over id, time and body.

Source: the Standard Webhooks specification, "Symmetric" signatures (``v1``).
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

SECRET_PREFIX = "whsec_"  # noqa: S105  # what secrets begin with
#: Within the 24 to 64 bytes of the specification.
KEY_BYTES = 32

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"


def secret_of(key: bytes) -> str:
    """Write a key as receivers are told it."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def headers(
    keys: Sequence[bytes], *, delivery_id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """Sign a body with every key that is valid, and name what receivers check it by."""
    signed = f"{delivery_id}.{timestamp_s}.".encode() + body
    return {
        ID_HEADER: delivery_id,
        TIMESTAMP_HEADER: str(timestamp_s),
        SIGNATURE_HEADER: " ".join(f"v1,{_digest(key, signed)}" for key in keys),
    }


def _digest(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
