"""Signatures are those of the Standard Webhooks specification."""

import base64

from pipeline.core import signature

#: The vector its reference libraries are tested with.
SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIMESTAMP_S, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_vector_is_signed_as_published() -> None:
    headers = signature.headers(
        [base64.b64decode(SECRET)], delivery_id=ID, timestamp_s=TIMESTAMP_S, body=BODY
    )

    assert headers == {
        "webhook-id": ID,
        "webhook-timestamp": str(TIMESTAMP_S),
        "webhook-signature": SIGNATURE,
    }


def test_every_valid_key_signs() -> None:
    headers = signature.headers([b"1" * 32, b"2" * 32], delivery_id="d", timestamp_s=1, body=b"")

    first, second = headers["webhook-signature"].split(" ")
    assert first.startswith("v1,")
    assert second.startswith("v1,")
    assert first != second
