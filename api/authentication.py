"""Who sends a request, found out before anything is done for them.

Credentials come in the Authorization header (``Bearer``, an API key or an access token) or in the
cookie of a browser that logged in, never in an address: addresses are logged and passed on.
"""

import re
from collections.abc import Callable
from typing import Final

from flask import g, request
from werkzeug.exceptions import Forbidden

from api.cookies import Cookies, cookies_of
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import Unauthenticated
from pipeline.services import authentication
from pipeline.services.assets import LOCAL_ACCOUNT
from pipeline.services.authentication import Authenticated
from pipeline.settings import Settings
from schemas.identity import Identity, Role

#: They answer without asking who it is, most of them without the database.
_OPEN: Final = frozenset(
    {
        "health.healthz",
        "health.readyz",
        "metrics.metrics",
        "watch.static",
        "openapi.description",
        "docs.page",
        # They show a secret of their own, where others show who they are.
        "fronts.shown",
        "fronts.linked",
        # Workers show a token of their own, also while the database is away.
        "flv.session",
    }
)
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER: Final = re.compile(r"bearer +([\x21-\x7e]+) *", re.IGNORECASE)


def authenticator(pipeline: Pipeline) -> Callable[[], None]:
    """Make what runs before each request; comes after the guard of the database."""
    cookies = cookies_of(pipeline.settings)

    def authenticate() -> None:
        g.identity = g.login_id = None
        if request.endpoint in _OPEN or request.method == "OPTIONS":
            return
        found = _shown(pipeline, cookies)
        if found is not None:
            g.identity, g.login_id = found.identity, found.login_id
        else:
            g.identity = _anonymous(pipeline.settings)

    return authenticate


def _shown(pipeline: Pipeline, cookies: Cookies) -> Authenticated | None:
    """Prove what was shown. A header that proves nothing is refused, an old cookie is none."""
    header = request.headers.get("Authorization")
    if header is not None:
        return authentication.by_bearer(pipeline.database, pipeline.access, _bearer(header))
    cookie = cookies.read()
    if cookie is None:
        return None
    found = authentication.by_cookie(pipeline.database, cookie)
    if found is not None and _changes_something() and "Origin" not in request.headers:
        # Browsers send one with whatever changes something; whose it is was checked before.
        raise Forbidden("With a cookie this takes an Origin header.")
    return found


def _bearer(header: str) -> str:
    written = _BEARER.fullmatch(header)
    if written is None:
        raise Unauthenticated(
            "the Authorization header must be Bearer, a space, and a key or a token",
            code="auth.token_invalid",
        )
    return written[1]


def _changes_something() -> bool:
    # A websocket is a GET, and no other site's page may open one either.
    return request.method not in _SAFE or "Upgrade" in request.headers


def _anonymous(settings: Settings) -> Identity | None:
    if not settings.anonymous_role:
        return None
    role = Role(settings.anonymous_role)
    return Identity(account=LOCAL_ACCOUNT, role=role, is_anonymous=True)


def login_id() -> str | None:
    """Name the login the caller came by; None for keys, guests and those who showed nothing."""
    found: str | None = g.get("login_id")
    return found
