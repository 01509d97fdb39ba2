"""How passwords are hashed and compared."""

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from pipeline.credentials import passwords


def test_passwords_are_hashed_as_rfc_9106_asks() -> None:
    found = extract_parameters(passwords.hashed("a password"))

    assert found.type is Type.ID
    assert (found.time_cost, found.memory_cost) == (3, 64 * 1024)
    assert (found.hash_len, found.salt_len) == (32, 16)


def test_a_hash_fits_its_password_alone() -> None:
    stored = passwords.hashed("비밀번호 with blanks")

    assert passwords.fits("비밀번호 with blanks", stored)
    assert not passwords.fits("비밀번호 with blank", stored)
    assert not passwords.fits("", stored)
    assert stored != passwords.hashed("비밀번호 with blanks")


@pytest.mark.parametrize("password", ["", "\ud800", "no password is this one, and nobody has it"])
def test_nobody_has_a_password(password: str) -> None:
    assert not passwords.fits(password, None)
    assert not passwords.fits(password, "no hash at all")


def test_for_nobody_the_same_work_is_done() -> None:
    # The time itself is no test; the figures that decide it are.
    assert extract_parameters(passwords._nobodys()) == extract_parameters(passwords.hashed("x"))


def test_older_figures_are_noticed() -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=1024).hash("x")

    assert passwords.fits("x", weaker)
    assert passwords.is_outdated(weaker)
    assert not passwords.is_outdated(passwords.hashed("x"))
