"""Forged tokens, each refused; and the good ones they were made of, each taken."""

from collections.abc import Callable
from pathlib import Path

import jwt
import pytest

from pipeline.core.errors import Unauthenticated
from pipeline.credentials.access import OUR_AUDIENCE, OUR_ISSUER, Access, Upstream, access_with
from pipeline.credentials.bearer import Issuer
from pipeline.credentials.jwks import Jwks
from pipeline.database.accounts import LoginKind
from pipeline.database.sql import SqlDatabase
from pipeline.services import authentication
from schemas.identity import Role
from tests.support import forged
from tests.support.forged import FORGED, KID, UPSTREAM, UPSTREAM_AUDIENCE, Ground

SYMMETRIC = {"kty": "oct", "kid": "shared", "k": forged.part(b"k" * 32)}
#: As the app in front publishes them, and with what a careless one adds.
KEYS = forged.document(
    forged.public_jwk(forged.rsa_key()),
    forged.public_jwk(forged.ec_key(), "curve"),
    SYMMETRIC,
    {**SYMMETRIC, "alg": "RS256", "kid": "shared"},
)


@pytest.fixture(scope="module")
def access() -> Access:
    keys = Jwks(lambda: KEYS, "RS256", refetch_s=60)
    issuer = Issuer(UPSTREAM, UPSTREAM_AUDIENCE, "RS256", keys)
    upstream = Upstream(issuer, "role", Role.CREATOR)
    return access_with(b"a secret of this test, long enough", upstream, access_token_s=9, login_s=9)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> SqlDatabase:
    folder: Path = tmp_path_factory.mktemp("data")
    database = SqlDatabase(f"sqlite:///{folder / 'reelmill.db'}")
    database.migrate()
    with database.write() as tx:
        tx.logins.add("login1", "local", LoginKind.TOKENS, life_s=3600)
    return database


@pytest.fixture(scope="module")
def ground(access: Access) -> Ground:
    return Ground(subject="local", login_id="login1", key=access.mint.key)


def test_the_tokens_that_forgeries_are_made_of_are_good(
    database: SqlDatabase, access: Access, ground: Ground
) -> None:
    ours = authentication.by_bearer(database, access, ground.ours())
    theirs = authentication.by_bearer(database, access, ground.theirs())
    minted = access.mint.make("local", login_id="login1", epoch=0)

    assert (ours.identity.account, ours.identity.role) == ("local", Role.ADMIN)
    assert authentication.by_bearer(database, access, minted) == ours
    # It claims to be an admin.
    assert theirs.identity.role is Role.CREATOR
    assert theirs.identity.account.startswith("guest-")
    assert theirs.login_id is None


def test_there_are_enough() -> None:
    assert len(FORGED) >= 40


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(
    database: SqlDatabase, access: Access, ground: Ground, forge: Callable[[Ground], str]
) -> None:
    token = forge(ground)

    with pytest.raises(Unauthenticated) as refused:
        authentication.by_bearer(database, access, token)

    # What was wrong is for our own log alone.
    assert refused.value.instance_code in {
        "auth.token_invalid",
        "auth.token_expired",
        "auth.revoked",
    }
    assert token not in refused.value.detail


def test_expired_is_said_only_of_what_was_ours(access: Access, ground: Ground) -> None:
    expired = FORGED["expired"](ground)
    forged_too = expired[:-4] + "AAAA"

    codes = []
    for token in (expired, forged_too):
        with pytest.raises(Unauthenticated) as refused:
            access.bearers.read(token)
        codes.append(refused.value.instance_code)

    assert codes == ["auth.token_expired", "auth.token_invalid"]


def test_clocks_may_differ_a_little(access: Access, ground: Ground) -> None:
    now_s = ground.claims()["iat"]

    assert access.bearers.read(ground.ours(iat=now_s + 5))
    assert access.bearers.read(ground.ours(iat=now_s - 60, exp=now_s - 5))


def test_es256_is_read_where_it_is_pinned(ground: Ground) -> None:
    keys = Jwks(lambda: KEYS, "ES256", refetch_s=60)
    issuer = Issuer(UPSTREAM, UPSTREAM_AUDIENCE, "ES256", keys)
    access = access_with(
        b"s" * 32, Upstream(issuer, "role", Role.CREATOR), access_token_s=9, login_s=9
    )
    headers = {"typ": "at+jwt", "kid": "curve"}

    proven = access.bearers.read(jwt.encode(ground.upstream(), forged.ec_key(), "ES256", headers))

    assert proven.subject == "kim"
    with pytest.raises(Unauthenticated):
        access.bearers.read(ground.theirs({"kid": KID}))


def test_a_token_tells_no_role_and_nothing_of_the_key(access: Access) -> None:
    token = access.mint.make("local", login_id="login1", epoch=0)
    claims = jwt.decode(token, options={"verify_signature": False})

    assert set(claims) == {"iss", "aud", "sub", "iat", "exp", "jti", "sid", "ver"}
    assert (claims["iss"], claims["aud"]) == (OUR_ISSUER, OUR_AUDIENCE)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "at+jwt"}
    assert str(access.mint.key) not in repr(access)
