"""What a viewer counts as, where all that is known of one is the address and the program."""

import hashlib
import hmac

#: Separates these names from whatever else the installation's secret makes.
_PURPOSE = b"reelmill viewer 1"
_LENGTH = 24


def key_of(secret: bytes) -> bytes:
    """Derive the key that names are made with from the installation's secret."""
    return hmac.digest(secret, _PURPOSE, hashlib.sha256)


def name_of(key: bytes, address: str, program: str) -> str:
    """Name a viewer: the same each time, in every process, and no way back to the address."""
    told = f"{address}\n{program}".encode(errors="surrogateescape")
    return hmac.digest(key, told, hashlib.sha256).hex()[:_LENGTH]
