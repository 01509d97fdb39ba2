"""Secrets that are given out once."""

import hmac

import pytest

from pipeline.credentials import opaque


def test_a_key_is_read_back() -> None:
    key = opaque.new_key()

    assert opaque.read_key(key.text) == key
    assert key.secret not in repr(key)
    assert len({opaque.new_key().text for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rmk_0123456789ab",
        "rmk_0123456789AB_" + "a" * 43,
        "rmk_0123456789ab_" + "a" * 42,
        "rmk_0123456789ab_" + "a" * 43 + "\n",
        "rmk_0123456789ab_" + "ａ" * 43,
        " rmk_0123456789ab_" + "a" * 43,
        "eyJhbGciOiJIUzI1NiJ9.e30.x",
    ],
)
def test_what_is_no_key_is_none(text: str) -> None:
    assert opaque.read_key(text) is None


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    constant = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(1) or constant(a, b))

    assert opaque.is_same("a", "a")
    assert not opaque.is_same("a", "b")
    assert not opaque.is_same("a", "")
    assert not opaque.is_same("é", "\ud800")
    assert len(compared) == 4


def test_any_text_has_a_digest() -> None:
    assert len(opaque.digest("\ud800")) == 64
    assert opaque.digest("a") != opaque.digest("b")
