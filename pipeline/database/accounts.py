"""Rows of accounts and of what proves them, and the statements services may make of them.

Nothing here is a secret as it was given out: passwords are argon2id hashes, keys, refresh
tokens, cookies and tickets SHA-256 digests.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from schemas.access import Quotas
from schemas.identity import Role, Scope


@dataclass(frozen=True)
class NewAccount:
    """An account to insert."""

    id: str
    name: str
    role: Role
    password_hash: str | None = field(repr=False)
    quotas: Quotas


@dataclass(frozen=True)
class AccountRow(NewAccount):
    """One account."""

    is_disabled: bool
    #: Access tokens carry it: those of an older one count no more.
    epoch: int
    created_at: datetime


@dataclass(frozen=True)
class NewKey:
    """An API key to insert."""

    id: str
    account_id: str
    name: str
    prefix: str
    digest: str = field(repr=False)
    scopes: tuple[Scope, ...] | None


@dataclass(frozen=True)
class KeyRow(NewKey):
    """One API key."""

    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    #: Neither revoked nor expired, by the database's clock.
    is_live: bool


class LoginKind(StrEnum):
    """What somebody logged in with holds."""

    #: A program: access and refresh tokens.
    TOKENS = "tokens"
    #: A browser: a cookie.
    COOKIE = "cookie"


@dataclass(frozen=True)
class LoginRow:
    """One login: the family of refresh tokens, or the cookie, that came of it."""

    id: str
    account_id: str
    kind: LoginKind
    expires_at: datetime
    #: Neither revoked nor expired, by the database's clock.
    is_live: bool


class AccountRows(Protocol):
    """Accounts."""

    def add(self, row: NewAccount) -> bool:
        """Insert it; False: the name is taken."""

    def get(self, account_id: str) -> AccountRow | None: ...
    def named(self, name: str) -> AccountRow | None: ...
    def all(self) -> list[AccountRow]:
        """All of them, by name."""

    def change(
        self,
        account_id: str,
        *,
        role: Role | None = None,
        is_disabled: bool | None = None,
        password_hash: str | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        """Set what is given."""

    def raise_epoch(self, account_id: str) -> None:
        """Let no access token given out so far count any more."""

    def delete(self, account_id: str) -> bool:
        """Remove it with its keys and logins; what it owns stays."""


class KeyRows(Protocol):
    """API keys."""

    def add(self, row: NewKey, *, life_s: float | None) -> None: ...
    def get(self, key_id: str) -> KeyRow | None: ...
    def begins(self, prefix: str) -> KeyRow | None:
        """Find the one that begins so, live or not."""

    def of(self, account_id: str | None) -> list[KeyRow]:
        """List those of one account or of all, newest first."""

    def use(self, key_id: str, *, at_most_every_s: float) -> None:
        """Note that it is used, unless that was noted lately."""

    def revoke(self, key_id: str) -> None: ...
    def delete_named(self, account_id: str, name: str) -> None:
        """Remove keys of that name without a trace."""


class LoginRows(Protocol):
    """Logins, and what proves them."""

    def add(
        self,
        login_id: str,
        account_id: str,
        kind: LoginKind,
        *,
        life_s: float,
        digest: str | None = None,
    ) -> None:
        """Note a login; ``digest`` is of its cookie."""

    def get(self, login_id: str) -> LoginRow | None: ...
    def of_cookie(self, digest: str) -> LoginRow | None: ...
    def revoke(self, login_ids: Sequence[str]) -> None: ...
    def revoke_all(self, account_id: str) -> None: ...
    def add_refresh(self, digest: str, login_id: str) -> None: ...
    def use_refresh(self, digest: str) -> tuple[str, bool] | None:
        """Take a refresh token: its login, and whether this was its first use."""

    def add_ticket(self, digest: str, account_id: str, *, life_s: float) -> None: ...
    def use_ticket(self, digest: str) -> str | None:
        """Take a ticket that has not expired, once; tell whose it was."""

    def trim(self, *, kept_s: float) -> int:
        """Forget what expired that long ago."""
