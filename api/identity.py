"""Who sends the present request."""

from flask import g

from pipeline.core.access import sees_all
from pipeline.core.errors import Unauthenticated
from schemas.identity import Identity


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
