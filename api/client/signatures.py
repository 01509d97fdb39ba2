"""What a receiver of webhooks checks before it believes one.

Follows Standard Webhooks: any library for it, in any language, does the same.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from schemas.webhooks import WebhookPayload

#: A signature older than this may be a replay; clocks differ by less.
TOLERANCE_S = 300
_SECRET_PREFIX = "whsec_"  # noqa: S105  # what secrets begin with


class SignatureError(Exception):
    """What came is not from the sender, is too old, or was changed on the way."""


def verify_webhook(
    body: bytes, headers: Mapping[str, str], secret: str, *, tolerance_s: float = TOLERANCE_S
) -> WebhookPayload:
    """Check the signature of a delivery and read it.

    The receiver should remember ``delivery_id`` for a day, since a delivery may come twice.

    Raises:
        SignatureError: do not believe it; answer with a 400.
    """
    check_signature(body, headers, secret, tolerance_s=tolerance_s)
    try:
        return WebhookPayload.model_validate_json(body)
    except ValidationError as error:
        raise SignatureError("it is signed, but no payload this version knows") from error


def check_signature(
    body: bytes,
    headers: Mapping[str, str],
    secret: str,
    *,
    tolerance_s: float = TOLERANCE_S,
    now_s: float | None = None,
) -> None:
    """Check that a body was signed with the secret, lately.

    The body must be the bytes as they came: parsed and written again they may differ.

    Args:
        headers: of the request, whatever the case of their names.
        secret: as it was shown when the webhook was made, with ``whsec_`` in front.
        now_s: seconds since the epoch; the present time unless given.

    Raises:
        SignatureError: do not believe it; answer with a 400.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        delivery_id, timestamp = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"].split(" ")
    except KeyError as error:
        raise SignatureError(f"the header {error.args[0]} is missing") from error
    _check_age(timestamp, tolerance_s, time.time() if now_s is None else now_s)
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    expected = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    if not _is_among(expected, signatures):
        raise SignatureError("no signature fits the secret")


def _check_age(timestamp: str, tolerance_s: float, now_s: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < len("10000000000000")):
        raise SignatureError("the time stamp is no number")
    if abs(now_s - int(timestamp)) > tolerance_s:
        raise SignatureError("the time stamp is too old, or the clocks differ")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError("the secret is none of ours") from error


def _is_among(expected: bytes, signatures: Iterable[str]) -> bool:
    # Every one is compared: how long it takes tells nothing.
    found = [hmac.compare_digest(expected, _bytes_of(text)) for text in signatures]
    return any(found)


def _bytes_of(text: str) -> bytes:
    version, _, encoded = text.partition(",")
    try:
        return base64.b64decode(encoded, validate=True) if version == "v1" else b""
    except (binascii.Error, ValueError):
        return b""
