"""Secrets of others that must be read again, locked away by the installation's own."""

import secrets
from dataclasses import dataclass, field

from pipeline.core import vault


@dataclass(frozen=True)
class Safe:
    """Locks the secrets of one purpose away, each bound to what it belongs to."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, installation_secret: bytes, purpose: str) -> "Safe":
        """Derive the key from what an installation derives all its keys from."""
        return cls(vault.key_of(installation_secret, purpose))

    def keep(self, secret: bytes, owner: str) -> str:
        """Make what is stored of a secret."""
        nonce = secrets.token_bytes(vault.NONCE_BYTES)
        return vault.seal(self.key, secret, owner=owner, nonce=nonce)

    def read(self, kept: str, owner: str) -> bytes | None:
        """Read a stored secret; None where the installation's own secret was changed since."""
        return vault.unseal(self.key, kept, owner=owner)
