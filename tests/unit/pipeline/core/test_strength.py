"""Which signing secrets are refused."""

import secrets

import pytest
from pydantic import ValidationError

from pipeline.core.strength import weakness
from pipeline.settings import Settings

WEAK = [
    "secret",
    "changeme",
    "a" * 64,
    "ab" * 32,
    "0123456789abcdef" * 4,
    "0123456789" * 4,
    "changeme-changeme-changeme-changeme",
    "please-replace-this-default-secret!",
    "your-secret-password-for-reelmill-here",
    "x" * 31 + "y",
    "8f3a61c09b7e24d5f1830a6c5e92d7",
]


@pytest.mark.parametrize("secret", WEAK)
def test_a_weak_one_is_told(secret: str) -> None:
    assert weakness(secret)


@pytest.mark.parametrize("secret", WEAK)
def test_no_process_starts_with_a_weak_one(secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(secret=secret, _env_file=None)

    assert "too weak to sign with" in str(refused.value)
    # As pydantic would quote it.
    assert f"input_value='{secret}" not in str(refused.value)


@pytest.mark.parametrize("n_bytes", [20, 32, 64])
def test_random_ones_are_fine(n_bytes: int) -> None:
    assert [weakness(secrets.token_hex(n_bytes)) for _ in range(200)] == [None] * 200


def test_a_long_sentence_is_fine() -> None:
    assert weakness("four ducks walked over the frozen lake at noon") is None
    assert weakness("오리 네 마리가 정오에 얼어붙은 호수를 걸었다") is None
