"""Who asks, and what they may do; how far what they own can be seen."""

from enum import StrEnum

from schemas.frozen import Frozen


class Role(StrEnum):
    """What an account may do at most; each may all that the ones before it may."""

    #: Watch.
    VIEWER = "viewer"
    #: Hand media in and look after what is their own.
    CREATOR = "creator"
    #: See everybody's work, run the queues and the fleet.
    OPERATOR = "operator"
    #: Accounts and keys besides.
    ADMIN = "admin"


class Scope(StrEnum):
    """What an API key may be narrowed to."""

    ASSETS_READ = "assets:read"
    ASSETS_WRITE = "assets:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    UPLOADS_WRITE = "uploads:write"
    PLAYBACK_SIGN = "playback:sign"
    PROFILES_READ = "profiles:read"
    PROFILES_WRITE = "profiles:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    STREAMS_READ = "streams:read"
    STREAMS_WRITE = "streams:write"
    FLEET_READ = "fleet:read"
    FLEET_WRITE = "fleet:write"
    ACCOUNTS_WRITE = "accounts:write"


class Playback(StrEnum):
    """Who may watch an asset."""

    #: Everybody, and it may be listed.
    PUBLIC = "public"
    #: Whoever has its address.
    UNLISTED = "unlisted"
    #: Its owner, operators, and whoever holds a signed address that has not expired.
    PRIVATE = "private"


class Identity(Frozen):
    """Who asks, as the server found out."""

    #: Owner of what they make.
    account: str
    role: Role
    #: None means all that the role may.
    scopes: frozenset[Scope] | None = None
    #: Of the API key they came with.
    key_id: str | None = None
    #: Whether they showed no credentials.
    is_anonymous: bool = False
