"""Which other sites' pages may use the API through a visitor's browser: those that are listed.

An answer names an origin only if it is on the list, letter for letter; no origin is ever merely
given back, ``null`` is nobody, and no answer allows credentials that a browser adds by itself.
Media is open to players everywhere; ``api.media`` says so itself.
"""

import ipaddress
import re
from collections.abc import Collection

from flask import Flask, Response, request
from werkzeug.exceptions import Forbidden, MisdirectedRequest
from werkzeug.middleware.proxy_fix import ProxyFix

from pipeline.core.origins import is_allowed, parsed
from pipeline.settings import Settings

_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
#: What pages may send: ours, and those of resumable uploads.
_TAKEN = (
    "Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match,"
    " X-Request-Id, X-HTTP-Method-Override, Tus-Resumable, Upload-Checksum, Upload-Concat,"
    " Upload-Defer-Length, Upload-Length, Upload-Metadata, Upload-Offset"
)
#: What pages may read beside the few headers that they always may.
_TOLD = (
    "Content-Location, ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After,"
    " X-Request-Id, Idempotent-Replayed, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size,"
    " Tus-Resumable, Tus-Version, Upload-Concat, Upload-Defer-Length, Upload-Expires,"
    " Upload-Length, Upload-Metadata, Upload-Offset"
)
_PREFLIGHT_AGE_S = 600
#: Of a Host header; an address in brackets has none.
_NAME = re.compile(r"[^:\[\]]+")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Origins:
    """The list, and what follows from it."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = frozenset(allowed)

    def check(self) -> None:
        """Refuse what a page of another site sends through a visitor's browser.

        Raises:
            Forbidden: there is an Origin, and it is neither our own host nor listed.
        """
        origin = request.headers.get("Origin")
        if origin is None or is_allowed(origin, own_host=request.host, allowed=self._allowed):
            return
        raise Forbidden("This origin may not speak for its visitors here.")

    def guard_writes(self) -> None:
        """Let no other site's page change anything. Raises Forbidden."""
        if request.method not in _READING:
            self.check()

    def answer(self, response: Response) -> Response:
        """Tell a browser whether the page that asked may read the answer."""
        if not request.path.startswith("/api/"):
            return response
        # Also without an Origin: a cache must not give one asker's answer to another.
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin not in self._allowed:
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _TOLD
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = _TAKEN
            response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_AGE_S)
        return response


def guard_host() -> None:
    """Answer a server's own visitors under its own names alone.

    A server that only this box can reach trusts this box. A page anywhere can have its own name
    lead to this box (DNS rebinding), and is of the same origin then: only the name gives it away.
    Numbers cannot be led anywhere, and names without a dot only by who runs this network.

    Raises:
        MisdirectedRequest: the request was meant for another name.
    """
    name = _NAME.match(request.host.lower())
    if name is None or "." not in name[0] or name[0].endswith(".localhost") or _is_ip(name[0]):
        return
    raise MisdirectedRequest(
        "This server answers to localhost alone. Behind a proxy set REELMILL_TRUSTED_PROXIES."
    )


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_this_box(host: str) -> bool:
    return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)


def register_origins(app: Flask, settings: Settings) -> Origins:
    """Guard an application's writes, names and answers."""
    origins = Origins(parsed(settings.cors_origins))
    if settings.trusted_proxies:
        # What they say of the visitor's address and scheme; the Host they hand on as it came.
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n)  # type: ignore[method-assign]
    if _is_this_box(settings.http_host) and not settings.trusted_proxies:
        app.before_request(guard_host)
    app.before_request(origins.guard_writes)
    app.after_request(origins.answer)
    return origins
