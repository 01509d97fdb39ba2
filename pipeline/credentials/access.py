"""All it takes to know who somebody is, as the settings say."""

import hmac
from dataclasses import dataclass
from typing import Final

from pipeline.credentials.bearer import Bearers, Issuer, Mint
from schemas.identity import Role

#: What our own tokens say of themselves. The key differs from house to house.
OUR_ISSUER: Final = "reelmill"
OUR_AUDIENCE: Final = "reelmill-api"
_PURPOSE: Final = b"reelmill access token 1"


@dataclass(frozen=True)
class Upstream:
    """An app in front whose tokens are taken."""

    issuer: Issuer
    role_claim: str
    ceiling: Role


@dataclass(frozen=True)
class Access:
    """Makes and reads tokens."""

    mint: Mint
    bearers: Bearers
    upstream: Upstream | None
    #: How long a login lasts.
    login_s: int


def access_with(
    secret: bytes, upstream: Upstream | None, *, access_token_s: int, login_s: int
) -> Access:
    """Derive our key from the installation's secret, and take the tokens of both issuers."""
    key = hmac.digest(secret, _PURPOSE, "sha256")
    mint = Mint(OUR_ISSUER, OUR_AUDIENCE, key, access_token_s)
    issuers = [mint.as_issuer] if upstream is None else [mint.as_issuer, upstream.issuer]
    return Access(mint, Bearers(issuers), upstream, login_s)
