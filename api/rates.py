"""How many requests a minute: per caller, or per address where nobody is known.

Counted before the database is asked for anything. Media, pages and probes are not counted: a
player fetches dozens of segments a minute, and nginx in front answers most of them.
"""

import ipaddress
from functools import partial

from flask import Flask, Response, g, request

from api.identity import known
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import RateLimited
from pipeline.core.quotas import WINDOW_S, Quota, headers, is_within
from pipeline.limits.port import Counter
from pipeline.settings import Settings
from schemas.identity import Role

_READING = frozenset({"GET", "HEAD"})
#: What one household or server rents as a whole.
_IPV6_NETWORK_BITS = 64


def register_rates(app: Flask, pipeline: Pipeline) -> None:
    """Count an application's requests; comes after whoever asks is known."""
    if pipeline.settings.rate_limits == "never":
        return
    app.before_request(partial(_count, pipeline.counter, pipeline.settings))
    app.after_request(_tell)


def _count(counter: Counter, settings: Settings) -> None:
    quota = quota_of(request.method, request.path, settings)
    if quota is None or _is_trusted(settings):
        return
    window = counter.count(f"{quota.name}:{_caller(quota)}", window_s=WINDOW_S)
    g.rate_headers = headers(quota, window.n, window.left_s)
    if not is_within(quota, window.n):
        raise RateLimited(f"{quota.n} requests of this kind a minute are allowed.")


def _tell(response: Response) -> Response:
    response.headers.update(g.get("rate_headers", {}))
    return response


def quota_of(method: str, path: str, settings: Settings) -> Quota | None:
    """Choose what a request counts against; None: it is not counted."""
    if method == "OPTIONS" or not path.startswith("/api/"):
        return None
    if path.startswith("/api/auth/"):
        return Quota("auth", settings.rate_auth)
    if path.startswith("/api/upload/"):
        return Quota("uploads", settings.rate_uploads)
    if method in _READING:
        return Quota("reads", settings.rate_reads)
    return Quota("writes", settings.rate_writes)


def _is_trusted(settings: Settings) -> bool:
    who = known()
    is_own = who is not None and who.is_anonymous and who.role is Role.ADMIN
    return is_own and settings.rate_limits == "auto"


def _caller(quota: Quota) -> str:
    """Name who is counted: keys for themselves, so that one app cannot use up another's."""
    who = known()
    if quota.name == "auth" or who is None or who.is_anonymous:
        return f"address:{network_of(request.remote_addr or '')}"
    return f"account:{who.account}" if who.key_id is None else f"key:{who.key_id}"


def network_of(address: str) -> str:
    """Take neighbours in IPv6 for one caller: everybody there has endless addresses."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _IPV6_NETWORK_BITS), strict=False))
