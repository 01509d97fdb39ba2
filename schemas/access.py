"""Bodies of logging in, of accounts and of API keys."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.frozen import Frozen
from schemas.identity import Role, Scope

#: Small letters only, so that no two names look alike by their case.
AccountName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$", strip_whitespace=True)
]
#: Long passwords are welcome; their hash costs the same, reading megabytes does not.
Password = Annotated[str, StringConstraints(min_length=10, max_length=512)]
GivenPassword = Annotated[str, StringConstraints(min_length=1, max_length=512)]
GivenName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
#: What an opaque secret of ours can be at most.
Secret = Annotated[str, StringConstraints(min_length=1, max_length=512)]
KeyName = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]{1,100}$")
]
#: As wide as the databases' whole numbers.
Limit = Annotated[int, Field(ge=0, le=2**53)]


class Quotas(Frozen):
    """How much an account may take; None is what the settings say."""

    stored_bytes: Limit | None = None
    open_uploads: Limit | None = None
    #: Of source taken in, each day.
    minutes_a_day: Limit | None = None


class TokenRequest(Frozen):
    """Log in by name and password."""

    name: GivenName
    password: GivenPassword = Field(repr=False)


class RefreshRequest(Frozen):
    """Trade a refresh token for the next pair; each counts once."""

    refresh_token: Secret = Field(repr=False)


class RevokeRequest(Frozen):
    """End logins: that of the refresh token, that of the caller, or all of the account."""

    refresh_token: Secret | None = Field(default=None, repr=False)
    all: bool = False


class LoginTicketRequest(Frozen):
    """Trade the ticket of a login link for a cookie."""

    ticket: Secret = Field(repr=False)


class TokenPair(Frozen):
    """What a login gives a program."""

    access_token: str = Field(repr=False)
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # a kind, no secret
    #: Seconds the access token counts.
    expires_in: int
    refresh_token: str = Field(repr=False)


class MeView(Frozen):
    """Who the caller is, as the server sees it."""

    account: str
    #: None for a guest of another issuer.
    name: str | None
    role: Role
    #: None is all that the role may.
    scopes: tuple[Scope, ...] | None
    key_id: str | None
    is_anonymous: bool


class AccountView(Frozen):
    """An account as shown; what proves it is never shown."""

    id: str
    name: str
    role: Role
    is_disabled: bool
    has_password: bool
    quotas: Quotas
    created_at: datetime


class AccountList(Frozen):
    """All accounts, by name."""

    items: tuple[AccountView, ...]


class AccountRequest(Frozen):
    """Make an account; without a password it works by keys and links alone."""

    name: AccountName
    role: Role = Role.CREATOR
    password: Password | None = Field(default=None, repr=False)
    quotas: Quotas = Quotas()


class AccountChange(Frozen):
    """Change what is given; a new password, role or a disabling ends all logins."""

    role: Role | None = None
    is_disabled: bool | None = None
    password: Password | None = Field(default=None, repr=False)
    quotas: Quotas | None = None


class KeyRequest(Frozen):
    """Make an API key."""

    name: KeyName
    #: None is all that the account's role may.
    scopes: tuple[Scope, ...] | None = Field(default=None, min_length=1)
    #: None is for ever.
    expires_in_s: Annotated[int, Field(ge=1, le=100 * 366 * 86_400)] | None = None
    #: For another account: admins alone.
    account: Annotated[str, StringConstraints(max_length=64)] | None = None


class KeyView(Frozen):
    """A key as shown: its beginning, never the whole."""

    id: str
    account: str
    name: str
    #: How it begins.
    prefix: str
    scopes: tuple[Scope, ...] | None
    created_at: datetime
    expires_at: datetime | None
    #: To the minute.
    last_used_at: datetime | None
    revoked_at: datetime | None


class KeyList(Frozen):
    """Keys, newest first."""

    items: tuple[KeyView, ...]


class KeyMade(KeyView):
    """A new key, whole, this once."""

    key: str = Field(repr=False)
