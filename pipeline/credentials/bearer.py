"""Bearer tokens: ours made and read, another issuer's read. One pinned algorithm per issuer."""

import math
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import jwt
import structlog

from pipeline.core.errors import Unauthenticated
from pipeline.credentials import strict

log = structlog.get_logger(__name__)

#: Clocks differ.
LEEWAY_S: Final = 10
#: Nobody needs an access token for longer than a day; what lives longer cannot be taken back.
MAX_LIFE_S: Final = 86_400
_MAX_SUBJECT_CHARS: Final = 255
_REQUIRED: Final = ["iss", "aud", "sub", "iat", "exp"]
_TYPE: Final = "at+jwt"
#: No signature of ours is of another kind.
OUR_ALGORITHM: Final = "HS256"


class Keys(Protocol):
    """Where an issuer's keys are found."""

    def find(self, kid: str | None) -> Any | None:
        """Find the key of that id, None where there is none such."""


@dataclass(frozen=True)
class OneKey:
    """A secret shared by who signs and who reads; it has no id."""

    key: bytes = field(repr=False)

    def find(self, kid: str | None) -> bytes | None:
        """Give the key to who names none."""
        return self.key if kid is None else None


@dataclass(frozen=True)
class Issuer:
    """Somebody whose tokens are taken: what they must say, and how they must be signed."""

    name: str
    audience: str
    algorithm: str
    keys: Keys


@dataclass(frozen=True)
class Proven:
    """What a token says, after its signature and every claim was checked."""

    issuer: str
    subject: str
    claims: dict[str, Any]


class Bearers:
    """Reads the tokens of a few issuers."""

    def __init__(self, issuers: Sequence[Issuer]) -> None:
        self._issuers = {issuer.name: issuer for issuer in issuers}

    def read(self, token: str) -> Proven:
        """Prove a token.

        Raises:
            Unauthenticated: it does not count; ``auth.token_expired`` where only its time is over.
            UpstreamKeysUnavailable: nobody can tell, for want of the issuer's keys.
        """
        try:
            said = strict.read(token)
            issuer = self._issuer_of(said)
            key = issuer.keys.find(said.kid)
            if key is None:
                raise _refused("no key of that id")
            return self._proven(token, issuer, key)
        except strict.MalformedError as error:
            raise _refused(str(error)) from None

    def _issuer_of(self, said: strict.Unverified) -> Issuer:
        name = said.claims.get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise _refused("an issuer we do not know")
        if said.algorithm != issuer.algorithm:
            raise _refused("not the issuer's algorithm")
        _check(said.claims)
        return issuer

    def _proven(self, token: str, issuer: Issuer, key: Any) -> Proven:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[issuer.algorithm],
                audience=issuer.audience,
                issuer=issuer.name,
                leeway=LEEWAY_S,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(
                "the access token has expired",
                code="auth.token_expired",
                remedy="Get a new one with the refresh token, or log in again.",
            ) from None
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _refused(type(error).__name__) from None
        return Proven(issuer.name, claims["sub"], claims)


def _check(claims: dict[str, Any]) -> None:
    """Look at the kinds of claims, which libraries bend to what they need."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT_CHARS:
        raise _refused("a subject that is none")
    if not subject.isprintable():
        raise _refused("a subject nobody can read")
    times = [claims[name] for name in ("iat", "exp", "nbf") if name in claims]
    if not all(_is_time(moment) for moment in times):
        raise _refused("times that are none")
    if {"iat", "exp"} <= set(claims) and not 0 < claims["exp"] - claims["iat"] <= MAX_LIFE_S:
        raise _refused("a life that no access token has")


def _is_time(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value < 2**53


def _refused(why: str) -> Unauthenticated:
    # The reason is for us: a forger learns nothing from the answer.
    log.info("auth.token_refused", why=why)
    return Unauthenticated("the access token does not count here", code="auth.token_invalid")


@dataclass(frozen=True)
class Mint:
    """Makes our own access tokens."""

    issuer: str
    audience: str
    key: bytes = field(repr=False)
    life_s: int

    def make(self, account_id: str, *, login_id: str, epoch: int) -> str:
        """Sign a token; the account's role is looked up when it is shown, not written into it."""
        now_s = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": account_id,
            "iat": now_s,
            "exp": now_s + self.life_s,
            "jti": secrets.token_hex(8),
            "sid": login_id,
            "ver": epoch,
        }
        return jwt.encode(claims, self.key, OUR_ALGORITHM, headers={"typ": _TYPE})

    @property
    def as_issuer(self) -> Issuer:
        """What it takes to read them."""
        return Issuer(self.issuer, self.audience, OUR_ALGORITHM, OneKey(self.key))
