"""A receiver believes what was signed lately with its secret, and nothing else."""

import base64
import hashlib
import hmac
import time

import pytest

from api.client import SignatureError, verify_webhook
from api.client.signatures import check_signature
from schemas.webhooks import WebhookPayload

#: The vector the reference libraries of Standard Webhooks are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT_S, BODY = 1_614_265_330, b'{"test": 2432232314}'
HEADERS = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "Webhook-Timestamp": str(AT_S),
    "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
PAYLOAD = WebhookPayload.model_validate(
    {
        "delivery_id": "d1",
        "webhook_id": "w1",
        "sequence": 1,
        "type": "asset.ready",
        "timestamp": "2026-01-01T00:00:00Z",
    }
)


def test_the_published_vector_is_believed() -> None:
    check_signature(BODY, HEADERS, SECRET, now_s=AT_S + 10)


@pytest.mark.parametrize(
    "changed",
    [
        {"Webhook-Id": "msg_other"},
        {"Webhook-Timestamp": str(AT_S + 1)},
        {"Webhook-Signature": "v1,AAAA"},
        {"Webhook-Signature": "v1,not base64 at all"},
        {"Webhook-Signature": HEADERS["Webhook-Signature"].replace("v1,", "v2,")},
        {"Webhook-Signature": ""},
        {"Webhook-Timestamp": "soon"},
        {"Webhook-Timestamp": "9" * 400},
        {"Webhook-Timestamp": "１６１４２６５３３０"},
    ],
    ids=str,
)
def test_nothing_that_was_changed_is_believed(changed: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        check_signature(BODY, {**HEADERS, **changed}, SECRET, now_s=AT_S)


@pytest.mark.parametrize("missing", HEADERS)
def test_every_header_must_be_there(missing: str) -> None:
    with pytest.raises(SignatureError, match=missing.lower()):
        check_signature(
            BODY, {name: text for name, text in HEADERS.items() if name != missing}, SECRET
        )


@pytest.mark.parametrize("off_s", [-301, 301])
def test_old_and_future_signatures_are_not_believed(off_s: int) -> None:
    with pytest.raises(SignatureError, match="time stamp"):
        check_signature(BODY, HEADERS, SECRET, now_s=AT_S + off_s)


def test_other_bodies_and_secrets_are_not_believed() -> None:
    with pytest.raises(SignatureError):
        check_signature(BODY + b" ", HEADERS, SECRET, now_s=AT_S)
    for secret in ("whsec_" + base64.b64encode(bytes(32)).decode(), "whsec_?", ""):
        with pytest.raises(SignatureError):
            check_signature(BODY, HEADERS, secret, now_s=AT_S)


def test_one_of_several_signatures_is_enough() -> None:
    both = {**HEADERS, "Webhook-Signature": f"v1,AAAA {HEADERS['Webhook-Signature']}"}

    check_signature(BODY, both, SECRET, now_s=AT_S)


def signed(body: bytes) -> dict[str, str]:
    """Sign as the specification says, by itself."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    at_s = int(time.time())
    digest = hmac.new(key, b"d1." + str(at_s).encode() + b"." + body, hashlib.sha256).digest()
    return {
        "webhook-id": "d1",
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def test_what_is_believed_is_read() -> None:
    body = PAYLOAD.model_dump_json().encode()

    assert verify_webhook(body, signed(body), SECRET) == PAYLOAD


def test_what_later_versions_add_is_passed_over() -> None:
    body = PAYLOAD.model_dump_json().replace("asset.ready", "asset.sung").encode()
    body = body.replace(b"{", b'{"added": 1, ', 1)

    assert verify_webhook(body, signed(body), SECRET).type == "asset.sung"


def test_signed_nonsense_is_no_payload() -> None:
    with pytest.raises(SignatureError, match="no payload"):
        verify_webhook(BODY, signed(BODY), SECRET)
