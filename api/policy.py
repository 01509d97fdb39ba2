"""Who may ask for what: one row per endpoint. What is not in the table is nobody's to ask.

A rule lets a caller in; whose things they see is decided by ``identity.owner`` beside it.
"""

from collections.abc import Mapping

from flask import request

from api.identity import known
from pipeline.core.access import EVERYBODY, Rule, allows
from pipeline.core.errors import Forbidden, Unauthenticated
from schemas.identity import Role, Scope

_VIEWER, _CREATOR, _OPERATOR, _ADMIN = Role

#: Endpoint → rule. A test compares it with the application's routes.
POLICY: Mapping[str, Rule] = {
    "health.healthz": EVERYBODY,
    "health.readyz": EVERYBODY,
    # Numbers of queues and requests, for scrapers; the proxy in front keeps it inside.
    "metrics.metrics": EVERYBODY,
    "watch.static": EVERYBODY,
    "openapi.description": EVERYBODY,
    "docs.page": EVERYBODY,
    # What may be watched is decided per asset.
    "watch.page": EVERYBODY,
    "watch.linked": EVERYBODY,
    "live_page.listing": EVERYBODY,
    "live_page.live": EVERYBODY,
    "live_page.linked": EVERYBODY,
    "watched_streams.stream": EVERYBODY,
    "watched_streams.linked": EVERYBODY,
    "media.asset": EVERYBODY,
    "media.file": EVERYBODY,
    "live.playlist": EVERYBODY,
    "live.linked": EVERYBODY,
    "live.window": EVERYBODY,
    "live.linked_window": EVERYBODY,
    # What is on may be watched as its stream may; workers show a token of their own.
    "flv.stream": EVERYBODY,
    "flv.linked": EVERYBODY,
    "flv.session": EVERYBODY,
    "flv.flv_sockets.stream": EVERYBODY,
    "flv.flv_sockets.linked": EVERYBODY,
    "assets.upload": Rule(_CREATOR, Scope.ASSETS_WRITE),
    "assets.listing": Rule(_CREATOR, Scope.ASSETS_READ),
    "assets.one": Rule(_CREATOR, Scope.ASSETS_READ),
    "assets.certificate": Rule(_CREATOR, Scope.ASSETS_READ),
    "assets.change": Rule(_CREATOR, Scope.ASSETS_WRITE),
    "assets.delete": Rule(_CREATOR, Scope.ASSETS_WRITE),
    "links.create": Rule(_CREATOR, Scope.PLAYBACK_SIGN),
    "links.revoke": Rule(_CREATOR, Scope.PLAYBACK_SIGN),
    "stream_links.create": Rule(_CREATOR, Scope.PLAYBACK_SIGN),
    "stream_links.revoke": Rule(_CREATOR, Scope.PLAYBACK_SIGN),
    "jobs.submit": Rule(_CREATOR, Scope.JOBS_WRITE),
    "jobs.listing": Rule(_CREATOR, Scope.JOBS_READ),
    "jobs.one": Rule(_CREATOR, Scope.JOBS_READ),
    "jobs.cancel": Rule(_CREATOR, Scope.JOBS_WRITE),
    "jobs.retry": Rule(_CREATOR, Scope.JOBS_WRITE),
    "tus.options": EVERYBODY,
    "tus.options_of": EVERYBODY,
    "tus.create": Rule(_CREATOR, Scope.UPLOADS_WRITE),
    "tus.offset": Rule(_CREATOR, Scope.UPLOADS_WRITE),
    "tus.append": Rule(_CREATOR, Scope.UPLOADS_WRITE),
    "tus.terminate": Rule(_CREATOR, Scope.UPLOADS_WRITE),
    "uploads.listing": Rule(_CREATOR, Scope.UPLOADS_WRITE),
    "uploads.one": Rule(_CREATOR, Scope.UPLOADS_WRITE),
    "profiles.listing": Rule(_CREATOR, Scope.PROFILES_READ),
    "profiles.one": Rule(_CREATOR, Scope.PROFILES_READ),
    "profiles.create": Rule(_OPERATOR, Scope.PROFILES_WRITE),
    "profiles.put": Rule(_OPERATOR, Scope.PROFILES_WRITE),
    "profiles.delete": Rule(_OPERATOR, Scope.PROFILES_WRITE),
    # Decided by the ticket, or else by whose job or asset it is; see services/seats.
    "tickets.issue": EVERYBODY,
    "upload_sockets.upload": EVERYBODY,
    "sockets.everything": EVERYBODY,
    "sockets.job": EVERYBODY,
    "webhooks.listing": Rule(_CREATOR, Scope.WEBHOOKS_READ),
    "webhooks.create": Rule(_CREATOR, Scope.WEBHOOKS_WRITE),
    "webhooks.one": Rule(_CREATOR, Scope.WEBHOOKS_READ),
    "webhooks.change": Rule(_CREATOR, Scope.WEBHOOKS_WRITE),
    "webhooks.delete": Rule(_CREATOR, Scope.WEBHOOKS_WRITE),
    "webhooks.rotate": Rule(_CREATOR, Scope.WEBHOOKS_WRITE),
    "webhooks.ping": Rule(_CREATOR, Scope.WEBHOOKS_WRITE),
    "webhooks.deliveries": Rule(_CREATOR, Scope.WEBHOOKS_READ),
    "webhooks.delivery": Rule(_CREATOR, Scope.WEBHOOKS_READ),
    "webhooks.redeliver": Rule(_CREATOR, Scope.WEBHOOKS_WRITE),
    # Public ones alone.
    "on_air.listing": EVERYBODY,
    # Whose it is sees all; who may watch it sees some; see services/stream_stats and seats.
    "stream_stats.now": EVERYBODY,
    "stream_sockets.stats": EVERYBODY,
    "stream_stats.series": Rule(_CREATOR, Scope.STREAMS_READ),
    "streams.listing": Rule(_CREATOR, Scope.STREAMS_READ),
    "streams.create": Rule(_CREATOR, Scope.STREAMS_WRITE),
    "streams.sessions": Rule(_CREATOR, Scope.STREAMS_READ),
    "streams.one": Rule(_CREATOR, Scope.STREAMS_READ),
    "streams.change": Rule(_CREATOR, Scope.STREAMS_WRITE),
    "streams.delete": Rule(_CREATOR, Scope.STREAMS_WRITE),
    "restream.listing": Rule(_CREATOR, Scope.STREAMS_READ),
    "restream.create": Rule(_CREATOR, Scope.STREAMS_WRITE),
    "restream.one": Rule(_CREATOR, Scope.STREAMS_READ),
    "restream.change": Rule(_CREATOR, Scope.STREAMS_WRITE),
    "restream.delete": Rule(_CREATOR, Scope.STREAMS_WRITE),
    # Decided by the secret that servers in front of the door show.
    "fronts.shown": EVERYBODY,
    "fronts.linked": EVERYBODY,
    "broadcasts.start": Rule(_CREATOR, Scope.STREAMS_WRITE),
    "broadcasts.state": Rule(_CREATOR, Scope.STREAMS_READ),
    "broadcasts.stop": Rule(_CREATOR, Scope.STREAMS_WRITE),
    "broadcasts.keys": Rule(_CREATOR, Scope.STREAMS_READ),
    "broadcasts.create_key": Rule(_CREATOR, Scope.STREAMS_WRITE),
    "broadcasts.key": Rule(_CREATOR, Scope.STREAMS_READ),
    "broadcasts.change_key": Rule(_CREATOR, Scope.STREAMS_WRITE),
    "broadcasts.revoke_key": Rule(_CREATOR, Scope.STREAMS_WRITE),
    # Whoever is to be let in is not known yet.
    "auth.token": EVERYBODY,
    "auth.refresh": EVERYBODY,
    "auth.revoke": EVERYBODY,
    "start.start": EVERYBODY,
    "login.page": EVERYBODY,
    "login.submit": EVERYBODY,
    "login.ticket": EVERYBODY,
    "login.logout": EVERYBODY,
    "auth.me": Rule(_VIEWER),
    # Their own; those of others are for admins.
    "keys.listing": Rule(_VIEWER, Scope.ACCOUNTS_WRITE),
    "keys.create": Rule(_VIEWER, Scope.ACCOUNTS_WRITE),
    "keys.revoke": Rule(_VIEWER, Scope.ACCOUNTS_WRITE),
    "accounts.listing": Rule(_ADMIN, Scope.ACCOUNTS_WRITE),
    "accounts.create": Rule(_ADMIN, Scope.ACCOUNTS_WRITE),
    "accounts.one": Rule(_ADMIN, Scope.ACCOUNTS_WRITE),
    "accounts.change": Rule(_ADMIN, Scope.ACCOUNTS_WRITE),
    "accounts.remove": Rule(_ADMIN, Scope.ACCOUNTS_WRITE),
    "fleet.queues": Rule(_OPERATOR, Scope.FLEET_READ),
    "fleet.pause": Rule(_OPERATOR, Scope.FLEET_WRITE),
    "fleet.resume": Rule(_OPERATOR, Scope.FLEET_WRITE),
    "fleet.workers": Rule(_OPERATOR, Scope.FLEET_READ),
    "fleet.drain": Rule(_OPERATOR, Scope.FLEET_WRITE),
}


def enforce() -> None:
    """Let a request through to its endpoint, or refuse it.

    Raises:
        Unauthenticated: it takes credentials, and none were shown.
        Forbidden: those shown do not reach so far.
    """
    if request.endpoint is None or request.method == "OPTIONS":
        return
    require(POLICY.get(request.endpoint, Rule(_ADMIN)))


def require(rule: Rule) -> None:
    """Go on with what a rule guards; for what depends on more than the endpoint.

    Raises:
        Unauthenticated: it takes credentials, and none were shown.
        Forbidden: those shown do not reach so far.
    """
    who = known()
    if allows(rule, who):
        return
    if who is None or who.is_anonymous:
        raise Unauthenticated("this needs credentials")
    raise Forbidden(f"this takes the role {rule.role} and, of a key, the scope {rule.scope}")
