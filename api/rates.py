"""How many requests a minute: per caller, or per address where nobody is known.

Tries to log in are counted first, by address; all else as soon as it is known who asks. Media,
pages and probes are not counted: a player fetches dozens of segments a minute.
"""

from flask import Flask, Response, g, request

from api.identity import known
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import RateLimited
from pipeline.core.neighbours import network_of
from pipeline.core.quotas import WINDOW_S, Quota, headers, is_within
from pipeline.limits.port import Counter
from pipeline.settings import Settings
from schemas.identity import Role

_READING = frozenset({"GET", "HEAD"})
_AUTH = "auth"
#: Where a password or a login link is tried.
_TRIES = frozenset({"/api/auth/token", "/login", "/login/ticket"})


class Rates:
    """Counts the requests of one application."""

    def __init__(self, counter: Counter, settings: Settings) -> None:
        self._counter = counter
        self._settings = settings

    def count_tries(self) -> None:
        """Count what tries to log in, before anything is looked at. Raises RateLimited."""
        quota = quota_of(request.method, request.path, self._settings)
        if quota is not None and quota.name == _AUTH:
            self._count(quota, _address())

    def count_stranger(self, address: str) -> None:
        """Count a key or secret tried in vain, as a password tried. Raises RateLimited."""
        self._count(Quota(_AUTH, self._settings.rate_auth), f"address:{network_of(address)}")

    def count(self) -> None:
        """Count everything else, once it is known who asks. Raises RateLimited."""
        quota = quota_of(request.method, request.path, self._settings)
        if quota is not None and quota.name != _AUTH and not self._is_trusted():
            self._count(quota, _caller())

    def _count(self, quota: Quota, caller: str) -> None:
        if self._settings.rate_limits == "never":
            return
        window = self._counter.count(f"{quota.name}:{caller}", window_s=WINDOW_S)
        g.rate_headers = headers(quota, window.n, window.left_s)
        if not is_within(quota, window.n):
            raise RateLimited(f"{quota.n} requests of this kind a minute are allowed.")

    def _is_trusted(self) -> bool:
        who = known()
        is_own = who is not None and who.is_anonymous and who.role is Role.ADMIN
        return is_own and self._settings.rate_limits == "auto"


def register_rates(app: Flask, pipeline: Pipeline) -> Rates:
    """Have an application's answers tell where a caller stands; counting is for its guards."""
    app.after_request(_tell)
    return Rates(pipeline.counter, pipeline.settings)


def _tell(response: Response) -> Response:
    response.headers.update(g.get("rate_headers", {}))
    return response


def quota_of(method: str, path: str, settings: Settings) -> Quota | None:
    """Choose what a request counts against; None: it is not counted."""
    # Routes take a slash at the end as well.
    if method == "POST" and path.rstrip("/") in _TRIES:
        return Quota(_AUTH, settings.rate_auth)
    if method == "OPTIONS" or not path.startswith("/api/"):
        return None
    if path.startswith("/api/upload/"):
        return Quota("uploads", settings.rate_uploads)
    if method in _READING:
        return Quota("reads", settings.rate_reads)
    return Quota("writes", settings.rate_writes)


def _caller() -> str:
    """Name who is counted: keys for themselves, so that one app cannot use up another's."""
    who = known()
    if who is None or who.is_anonymous:
        return _address()
    return f"account:{who.account}" if who.key_id is None else f"key:{who.key_id}"


def _address() -> str:
    return f"address:{network_of(request.remote_addr or '')}"
