"""Bearer tokens as forgers make them: one list, each with what is wrong with it."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pipeline.core.strength import MIN_SECRET_BYTES
from pipeline.credentials.access import OUR_AUDIENCE, OUR_ISSUER

UPSTREAM = "https://app.example"
UPSTREAM_AUDIENCE = "media"
KID = "2026-11"


@cache
def rsa_key(name: str = "") -> rsa.RSAPrivateKey:
    """Make the upstream app's key, or by another name somebody else's."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key(name: str = "") -> ec.EllipticCurvePrivateKey:
    """Make a key for ES256."""
    del name
    return ec.generate_private_key(ec.SECP256R1())


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    """Write what everybody knows of a key."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def public_jwk(key: Any, kid: str = KID) -> dict[str, Any]:
    """Write what everybody knows of a key, as JWK."""
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else None
    algorithm = kind or jwt.algorithms.ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


def document(*entries: dict[str, Any]) -> bytes:
    """Write a JWKS document."""
    return json.dumps({"keys": entries}).encode()


@dataclass(frozen=True)
class Ground:
    """What a forger has to work with: a good token's parts, and what is public."""

    #: A living account and login: only the signature stands between.
    subject: str
    login_id: str
    #: The house's real key. A test alone has it, to change one thing of a good token.
    key: bytes

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Say what a good token of ours says, but for what is changed; None leaves out."""
        now_s = int(time.time())
        claims = {
            "iss": OUR_ISSUER,
            "aud": OUR_AUDIENCE,
            "sub": self.subject,
            "iat": now_s,
            "exp": now_s + 600,
            "jti": "1",
            "sid": self.login_id,
            "ver": 0,
        }
        return {name: value for name, value in {**claims, **changed}.items() if value is not None}

    def upstream(self, **changed: Any) -> dict[str, Any]:
        """Say what a good token of the app in front says."""
        given = {"iss": UPSTREAM, "aud": UPSTREAM_AUDIENCE, "sub": "kim", "sid": None, "ver": None}
        return self.claims(**{**given, "role": "admin", **changed})

    def ours(self, header: dict[str, Any] | None = None, **changed: Any) -> str:
        """Sign with the house's key: whatever is wrong, it is not the signature."""
        return hs256(
            {"alg": "HS256", "typ": "at+jwt", **(header or {})}, self.claims(**changed), self.key
        )

    def theirs(self, header: dict[str, Any] | None = None, **changed: Any) -> str:
        """Sign with the upstream app's key."""
        headers = {"typ": "at+jwt", "kid": KID, **(header or {})}
        return jwt.encode(self.upstream(**changed), rsa_key(), "RS256", headers=headers)


def part(value: Any) -> str:
    """Write one segment: JSON, or bytes as they are."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def hs256(header: Any, claims: Any, key: bytes) -> str:
    """Sign any header and claims by HMAC, whatever the header says: libraries would refuse."""
    signed = f"{part(header)}.{part(claims)}"
    mac = hmac.HMAC(key, hashes.SHA256())
    mac.update(signed.encode())
    return f"{signed}.{part(mac.finalize())}"


def unsigned(algorithm: str) -> Callable[[Ground], str]:
    """Sign with nothing, as ``alg: none`` says."""
    return lambda g: f"{part({'alg': algorithm, 'typ': 'at+jwt'})}.{part(g.claims())}.{part(b'x')}"


def _twice(g: Ground, where: str) -> str:
    header, claims = {"alg": "HS256", "typ": "at+jwt"}, g.claims()
    texts = {"header": json.dumps(header), "claims": json.dumps(claims)}
    name = "alg" if where == "header" else "sub"
    texts[where] = f'{{"{name}": "none", {texts[where][1:]}'
    return hs256(texts["header"].encode(), texts["claims"].encode(), g.key)


def _loose(g: Ground) -> str:
    """Change the bits of the last character that decode to nothing."""
    token = g.ours()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # 32 bytes leave two bits over.
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def _with(g: Ground, change: Callable[[list[str]], list[str]]) -> str:
    return ".".join(change(g.ours().split(".")))


FORGED: dict[str, Callable[[Ground], str]] = {
    # Without a signature.
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg NONE": unsigned("NONE"),
    "alg nOnE": unsigned("nOnE"),
    "alg none, empty signature": lambda g: (
        f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{part(g.claims())}."
    ),
    "empty signature": lambda g: _with(g, lambda s: [s[0], s[1], ""]),
    "no signature": lambda g: _with(g, lambda s: s[:2]),
    "truncated signature": lambda g: g.ours()[:-8],
    "signature of another token": lambda g: _with(
        g, lambda s: [s[0], part(g.claims(jti="2")), s[2]]
    ),
    "no algorithm": lambda g: hs256({"typ": "at+jwt"}, g.claims(), g.key),
    "alg a list": lambda g: g.ours({"alg": ["HS256"]}),
    # With another key or algorithm.
    "empty key": lambda g: hs256({"alg": "HS256", "typ": "at+jwt"}, g.claims(), b""),
    "guessed key": lambda g: hs256({"alg": "HS256", "typ": "at+jwt"}, g.claims(), b"secret"),
    "HS384": lambda g: jwt.encode(g.claims(), g.key * 2, "HS384", headers={"typ": "at+jwt"}),
    "HS512": lambda g: jwt.encode(g.claims(), g.key * 2, "HS512", headers={"typ": "at+jwt"}),
    "public key as secret": lambda g: hs256(
        {"alg": "HS256", "typ": "at+jwt", "kid": KID}, g.upstream(), public_pem(rsa_key())
    ),
    "public JWK as secret": lambda g: hs256(
        {"alg": "HS256", "typ": "at+jwt", "kid": KID},
        g.upstream(),
        json.dumps(public_jwk(rsa_key())).encode(),
    ),
    "public key as secret, alg RS256": lambda g: hs256(
        {"alg": "RS256", "typ": "at+jwt", "kid": KID}, g.upstream(), public_pem(rsa_key())
    ),
    "symmetric key out of the JWKS": lambda g: hs256(
        {"alg": "HS256", "typ": "at+jwt", "kid": "shared"}, g.upstream(), b"k" * MIN_SECRET_BYTES
    ),
    "symmetric key out of the JWKS, alg RS256": lambda g: hs256(
        {"alg": "RS256", "typ": "at+jwt", "kid": "shared"}, g.upstream(), b"k" * MIN_SECRET_BYTES
    ),
    "another RSA key": lambda g: jwt.encode(
        g.upstream(), rsa_key("forger"), "RS256", headers={"typ": "at+jwt", "kid": KID}
    ),
    "RS512": lambda g: jwt.encode(
        g.upstream(), rsa_key(), "RS512", headers={"typ": "at+jwt", "kid": KID}
    ),
    "PS256": lambda g: jwt.encode(
        g.upstream(), rsa_key(), "PS256", headers={"typ": "at+jwt", "kid": KID}
    ),
    "ES256 where RS256 is pinned": lambda g: jwt.encode(
        g.upstream(), ec_key(), "ES256", headers={"typ": "at+jwt", "kid": "curve"}
    ),
    "zero signature of ES256": lambda g: (
        f"{part({'alg': 'ES256', 'typ': 'at+jwt', 'kid': 'curve'})}.{part(g.upstream())}."
        f"{part(bytes(64))}"
    ),
    "our key for their issuer": lambda g: hs256(
        {"alg": "HS256", "typ": "at+jwt"}, g.upstream(), g.key
    ),
    "their key for our issuer": lambda g: g.theirs(iss=OUR_ISSUER, aud=OUR_AUDIENCE, sub=g.subject),
    # With keys the forger names.
    "kid of nobody": lambda g: g.theirs({"kid": "nobody"}),
    "kid a path": lambda g: g.ours({"kid": "../../../../dev/null"}),
    "kid SQL": lambda g: g.ours({"kid": "x' UNION SELECT 'secret"}),
    "kid with a NUL": lambda g: g.theirs({"kid": f"{KID}\0"}),
    "kid a number": lambda g: g.ours({"kid": 7}),
    "kid empty": lambda g: g.ours({"kid": ""}),
    "jku": lambda g: g.theirs({"jku": "https://forger.example/jwks.json"}),
    "x5u": lambda g: g.theirs({"x5u": "https://forger.example/cert.pem"}),
    "x5c": lambda g: g.theirs({"x5c": ["MIIB"]}),
    "jwk of the forger": lambda g: jwt.encode(
        g.upstream(),
        rsa_key("forger"),
        "RS256",
        headers={"typ": "at+jwt", "jwk": public_jwk(rsa_key("forger"))},
    ),
    # Headers that change what is verified.
    "crit": lambda g: g.ours({"crit": ["exp"]}),
    "crit empty": lambda g: g.ours({"crit": []}),
    "b64 false": lambda g: g.ours({"b64": False, "crit": ["b64"]}),
    "b64 false, not critical": lambda g: g.ours({"b64": False}),
    "zip": lambda g: g.ours({"zip": "DEF"}),
    "JWE": lambda g: (
        f"{part({'alg': 'dir', 'enc': 'A256GCM'})}..{part(b'n' * 12)}.{part(b'c')}.{part(b't')}"
    ),
    "nested JWT": lambda g: hs256(
        {"alg": "HS256", "typ": "at+jwt", "cty": "JWT"}, g.ours().encode(), g.key
    ),
    # Of another type.
    "no typ": lambda g: hs256({"alg": "HS256"}, g.claims(), g.key),
    "typ JWT": lambda g: g.ours({"typ": "JWT"}),
    "typ of a refresh token": lambda g: g.ours({"typ": "rt+jwt"}),
    "typ of an id token": lambda g: g.theirs({"typ": "JWT"}, aud="media"),
    # Claims.
    "no iss": lambda g: g.ours(iss=None),
    "iss of nobody": lambda g: g.ours(iss="https://forger.example"),
    "iss a list": lambda g: g.ours(iss=[OUR_ISSUER]),
    "no aud": lambda g: g.ours(aud=None),
    "aud of another": lambda g: g.ours(aud="another-api"),
    "aud begins alike": lambda g: g.ours(aud=OUR_AUDIENCE[:-1]),
    "no sub": lambda g: g.ours(sub=None),
    "sub a number": lambda g: g.ours(sub=1),
    "sub a list": lambda g: g.ours(sub=[g.subject]),
    "sub empty": lambda g: g.ours(sub=""),
    "sub with a NUL": lambda g: g.theirs(sub="kim\0"),
    "no exp": lambda g: g.ours(exp=None),
    "expired": lambda g: g.ours(iat=int(time.time()) - 700, exp=int(time.time()) - 100),
    "exp a text": lambda g: g.ours(exp=str(int(time.time()) + 600)),
    "exp true": lambda g: g.ours(exp=True),
    "exp beyond numbers": lambda g: hs256(
        {"alg": "HS256", "typ": "at+jwt"},
        json.dumps(g.claims(exp="@")).replace('"@"', "1e400").encode(),
        g.key,
    ),
    "exp NaN": lambda g: g.ours(exp=float("nan")),
    "exp in a hundred years": lambda g: g.ours(exp=int(time.time()) + 3_153_600_000),
    "exp before iat": lambda g: g.ours(iat=int(time.time()), exp=int(time.time()) - 1),
    "no iat": lambda g: g.ours(iat=None),
    "iat to come": lambda g: g.ours(iat=int(time.time()) + 300),
    "nbf to come": lambda g: g.ours(nbf=int(time.time()) + 300),
    "nbf a text": lambda g: g.ours(nbf="now"),
    # Of another house, or of a login that is none.
    "an account that is none": lambda g: g.ours(sub="0" * 28),
    "a login that is none": lambda g: g.ours(sid="0" * 28),
    "no login": lambda g: g.ours(sid=None),
    "an older epoch": lambda g: g.ours(ver=-1),
    "epoch true": lambda g: g.ours(ver=[0]),
    # Of another form.
    "one segment": lambda _: "eyJhbGciOiJub25lIn0",
    "four segments": lambda g: f"{g.ours()}.{part(b'more')}",
    "dot behind": lambda g: f"{g.ours()}.",
    "dot before": lambda g: f".{g.ours()}",
    "padded": lambda g: f"{g.ours()}=",
    "loose ends": _loose,
    "base64 of the other kind": lambda g: _with(g, lambda s: [s[0] + "+/", s[1], s[2]]),
    "full width": lambda g: g.ours().replace("e", "ｅ", 1),
    "blank inside": lambda g: _with(g, lambda s: [s[0], s[1][:9] + " " + s[1][9:], s[2]]),
    "comma and another": lambda g: f"{g.ours()},{g.ours()}",
    "header no JSON": lambda g: hs256(b"not json", g.claims(), g.key),
    "header a list": lambda g: hs256([], g.claims(), g.key),
    "header in UTF-16": lambda g: hs256(
        json.dumps({"alg": "HS256", "typ": "at+jwt"}).encode("utf-16"), g.claims(), g.key
    ),
    "claims a list": lambda g: hs256({"alg": "HS256", "typ": "at+jwt"}, [g.claims()], g.key),
    "claims no UTF-8": lambda g: hs256(
        {"alg": "HS256", "typ": "at+jwt"}, b'{"iss": "\xff"}', g.key
    ),
    "claims nested too deep": lambda g: hs256(
        {"alg": "HS256", "typ": "at+jwt"}, b"[" * 3000 + b"]" * 3000, g.key
    ),
    "alg twice": lambda g: _twice(g, "header"),
    "sub twice": lambda g: _twice(g, "claims"),
    "huge": lambda g: g.ours(more="x" * 8192),
    "huge number": lambda g: hs256(
        {"alg": "HS256", "typ": "at+jwt"},
        json.dumps(g.claims(exp="@")).replace('"@"', "9" * 5000).encode(),
        g.key,
    ),
}
