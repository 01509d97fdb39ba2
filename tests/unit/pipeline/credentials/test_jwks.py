"""The keys of the app in front: which are taken, and how often they are asked for."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pipeline.core.errors import UpstreamKeysUnavailable
from pipeline.credentials.jwks import MAX_BYTES, Jwks, read_keys
from tests.support import forged


class Publisher:
    """Answers with a document, counts how often it is asked, and can be away."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.n_asked = 0
        self.is_away = False

    def fetch(self) -> bytes:
        self.n_asked += 1
        if self.is_away:
            raise OSError("away")
        return self.document


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def known(*kids: str) -> bytes:
    return forged.document(*(forged.public_jwk(forged.rsa_key(), kid) for kid in kids))


def test_keys_are_asked_for_once() -> None:
    publisher = Publisher(known("a", "b"))
    keys = Jwks(publisher.fetch, "RS256", refetch_s=60, clock=Clock())

    assert keys.find("a") is not None
    assert keys.find("b") is not None
    assert publisher.n_asked == 1


def test_an_unknown_id_makes_it_look_again_but_not_often() -> None:
    publisher, clock = Publisher(known("a")), Clock()
    keys = Jwks(publisher.fetch, "RS256", refetch_s=60, clock=clock)
    assert keys.find("a")

    assert [keys.find(f"forged-{n}") for n in range(100)] == [None] * 100
    assert publisher.n_asked == 1
    publisher.document = known("a", "b")
    clock.now_s += 61
    assert keys.find("b") is not None
    assert publisher.n_asked == 2


def test_a_key_taken_out_counts_no_more_within_the_hour() -> None:
    publisher, clock = Publisher(known("a")), Clock()
    keys = Jwks(publisher.fetch, "RS256", refetch_s=60, clock=clock)
    assert keys.find("a")

    publisher.document = known("b")
    clock.now_s += 3601

    assert keys.find("a") is None


def test_while_the_publisher_is_away_what_is_known_goes_on() -> None:
    publisher, clock = Publisher(known("a")), Clock()
    keys = Jwks(publisher.fetch, "RS256", refetch_s=60, clock=clock)
    assert keys.find("a")

    publisher.is_away = True
    clock.now_s += 7200

    assert keys.find("a") is not None
    assert keys.find("b") is None


def test_without_any_keys_nobody_can_tell() -> None:
    publisher = Publisher(b"")
    keys = Jwks(publisher.fetch, "RS256", refetch_s=60, clock=Clock())

    for _ in range(5):
        with pytest.raises(UpstreamKeysUnavailable):
            keys.find("a")
    assert publisher.n_asked == 1


def test_without_an_id_only_an_only_key_is_meant() -> None:
    clock = Clock()
    one = Jwks(Publisher(known("a")).fetch, "RS256", refetch_s=60, clock=clock)
    two = Jwks(Publisher(known("a", "b")).fetch, "RS256", refetch_s=60, clock=clock)

    assert one.find(None) is not None
    assert two.find(None) is None


RSA = forged.public_jwk(forged.rsa_key())
SHORT = forged.public_jwk(rsa.generate_private_key(public_exponent=65537, key_size=1024))
OTHER_CURVE = forged.public_jwk(ec.generate_private_key(ec.SECP384R1()))


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "kid": forged.KID, "k": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"},
        {"kty": "oct", "kid": forged.KID, "alg": "RS256", "k": "a2s"},
        forged.public_jwk(forged.ec_key()),
        OTHER_CURVE,
        SHORT,
        {**RSA, "use": "enc"},
        {**RSA, "alg": "RS512"},
        {**RSA, "key_ops": ["encrypt"]},
        {**RSA, "n": "not base64!"},
        {**RSA, "n": 7},
        {"kty": "RSA", "kid": forged.KID},
        "text",
        None,
    ],
)
def test_what_does_not_fit_is_passed_over(entry: Any) -> None:
    assert read_keys(forged.document(entry, {**RSA, "kid": "good"}), "RS256").keys() == {"good"}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"keys": {}}',
        b"\xff",
        b"[" * 100_000,
        json.dumps({"keys": [RSA] * 65}).encode(),
        b" " * MAX_BYTES + known("a"),
    ],
)
def test_what_is_no_document_is_no_document(document: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_keys(document, "RS256")


def test_private_parts_are_not_read() -> None:
    whole = forged.jwt.algorithms.RSAAlgorithm.to_jwk(forged.rsa_key(), as_dict=True)

    (key,) = read_keys(
        forged.document({**whole, "kid": "a", "key_ops": ["verify"]}), "RS256"
    ).values()

    assert isinstance(key, rsa.RSAPublicKey)
