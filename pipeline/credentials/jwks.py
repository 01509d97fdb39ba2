"""The public keys of another issuer, from its JWKS document: cached, and fetched with restraint."""

import json
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Final

import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from pipeline.core.errors import Unavailable, UpstreamKeysUnavailable

log = structlog.get_logger(__name__)

#: Larger documents are not read: no issuer needs them.
MAX_BYTES: Final = 256 * 1024
_MAX_KEYS: Final = 64
_MIN_RSA_BITS: Final = 2048
#: Keys that were taken out of the document stop to count within this.
_MAX_AGE_S: Final = 3600.0
#: What a key must be for the algorithm that is pinned. Symmetric ones (``oct``) fit none.
_FITTING: Final[Mapping[str, Mapping[str, str]]] = {
    "RS256": {"kty": "RSA"},
    "ES256": {"kty": "EC", "crv": "P-256"},
}

PublicKey = Any


class Jwks:
    """Finds a key by its id; an unknown one makes it look again, but not often."""

    def __init__(
        self,
        fetch: Callable[[], bytes],
        algorithm: str,
        *,
        refetch_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._algorithm = algorithm
        self._refetch_s = refetch_s
        self._clock = clock
        self._lock = Lock()
        self._keys: Mapping[str, PublicKey] | None = None
        self._asked_at_s = self._fresh_at_s = float("-inf")

    def find(self, kid: str | None) -> PublicKey | None:
        """Find the key of that id; without an id the only key, None where there is none such.

        Raises:
            UpstreamKeysUnavailable: the document was never read yet.
        """
        found = self._known(kid)
        is_stale = self._clock() - self._fresh_at_s > _MAX_AGE_S
        if found is None or is_stale:
            self._look_again()
            found = self._known(kid)
        if self._keys is None:
            raise UpstreamKeysUnavailable("the keys of the other issuer cannot be read")
        return found

    def _known(self, kid: str | None) -> PublicKey | None:
        keys = self._keys or {}
        if kid is None:
            return next(iter(keys.values())) if len(keys) == 1 else None
        return keys.get(kid)

    def _look_again(self) -> None:
        # Who finds another looking goes on with what is known, except before the first time.
        if not self._lock.acquire(blocking=self._keys is None):
            return
        try:
            now_s = self._clock()
            if now_s - self._asked_at_s < self._refetch_s:
                return
            self._asked_at_s = now_s
            self._keys = read_keys(self._fetch(), self._algorithm)
            self._fresh_at_s = now_s
        except (Unavailable, OSError, ValueError) as error:
            log.warning("jwks.unreadable", why=str(error) or type(error).__name__)
        finally:
            self._lock.release()


def read_keys(document: bytes, algorithm: str) -> dict[str, PublicKey]:
    """Read the keys that fit the algorithm; others, symmetric ones above all, are passed over.

    Raises:
        ValueError: it is no JWKS document.
    """
    if len(document) > MAX_BYTES:
        raise ValueError(f"a JWKS document of more than {MAX_BYTES} bytes")
    try:
        entries = json.loads(document)["keys"]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("not a JWKS document") from error
    if not isinstance(entries, list) or len(entries) > _MAX_KEYS:
        raise ValueError(f"not a list of at most {_MAX_KEYS} keys")
    found: dict[str, PublicKey] = {}
    for entry in entries:
        key = _key(entry, algorithm)
        if key is not None:
            # Of two with one id the first counts, as it always did.
            found.setdefault(str(entry.get("kid", "")), key)
    return found


def _key(entry: Any, algorithm: str) -> PublicKey | None:
    if not isinstance(entry, dict) or not _fits(entry, algorithm):
        return None
    # Only what is public: a document that tells private parts is used as if it did not.
    public = {name: entry[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in entry}
    try:
        key = PyJWK(public, algorithm).key
    except (PyJWTError, ValueError, TypeError):
        return None
    is_short = entry["kty"] == "RSA" and key.key_size < _MIN_RSA_BITS
    return None if is_short else key


def _fits(entry: dict[str, Any], algorithm: str) -> bool:
    is_kind = all(entry.get(name) == value for name, value in _FITTING[algorithm].items())
    is_for_it = entry.get("alg", algorithm) == algorithm
    operations = entry.get("key_ops", ["verify"])
    is_to_verify = isinstance(operations, list) and "verify" in operations
    return is_kind and is_for_it and entry.get("use", "sig") == "sig" and is_to_verify
