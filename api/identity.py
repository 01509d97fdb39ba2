"""Who sends the present request."""

from flask import g

from pipeline.core.access import sees_all
from pipeline.core.errors import Unauthenticated
from pipeline.services.assets import LOCAL_ACCOUNT
from pipeline.settings import Settings
from schemas.identity import Identity, Role


def identify(settings: Settings) -> None:
    """Find out who asks, before anything is done for them."""
    g.identity = None
    if settings.anonymous_role:
        role = Role(settings.anonymous_role)
        g.identity = Identity(account=LOCAL_ACCOUNT, role=role, is_anonymous=True)


def known() -> Identity | None:
    """Tell who asks; None: they showed nothing, and those who show nothing may nothing here."""
    identity: Identity | None = g.get("identity")
    return identity


def caller() -> Identity:
    """Tell who asks.

    Raises:
        Unauthenticated: nobody known.
    """
    who = known()
    if who is None:
        raise Unauthenticated("this needs credentials")
    return who


def owner() -> str | None:
    """Name the account whose things the caller may see; None: everybody's."""
    who = caller()
    return None if sees_all(who) else who.account
