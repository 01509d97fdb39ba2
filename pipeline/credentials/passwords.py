"""Passwords as argon2id hashes, and no way to tell from the time taken whether a name exists."""

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

#: RFC 9106's second choice, for boxes that do other work too: 64 MiB, three passes. One lane:
#: the threads of a hash would take the cores from encodes.
HASHER = PasswordHasher(
    time_cost=3, memory_cost=64 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
#: Each costs its memory; who comes third waits.
_AT_ONCE = BoundedSemaphore(2)


def hashed(password: str) -> str:
    """Hash a new password."""
    with _AT_ONCE:
        return HASHER.hash(_bytes(password))


def fits(password: str, stored: str | None) -> bool:
    """Tell whether it is the password; None, for nobody's, takes as long and is false."""
    with _AT_ONCE:
        try:
            return HASHER.verify(stored or _nobodys(), _bytes(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Tell whether the hash was made with other figures than those of today."""
    return HASHER.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    return HASHER.hash("no password is this one, and nobody has it")


def _bytes(password: str) -> bytes:
    # Whatever a terminal or a form took for characters is somebody's password.
    return password.encode("utf-8", "surrogatepass")
