"""Those whom another issuer vouches for: which account they are, and what they may."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pipeline.core.access import RANKS
from schemas.identity import Identity, Role, Scope


def account_of(issuer: str, subject: str) -> str:
    """Name the account of a subject: no two share one, and none of ours is called so.

    Ids of local accounts are hexadecimal, or ``local``; this one begins with ``guest-``.
    """
    # The length keeps issuer and subject apart, whatever they contain.
    told = f"{len(issuer)}:{issuer}{subject}".encode()
    return f"guest-{sha256(told).hexdigest()[:40]}"


def role_of(claim: Any, ceiling: Role) -> Role:
    """Choose the highest role that is claimed, and no higher than the ceiling."""
    names = claim if isinstance(claim, list) else [claim]
    claimed = [role for role in Role if role.value in names]
    highest = max(claimed, key=RANKS.__getitem__, default=Role.VIEWER)
    return min(highest, ceiling, key=RANKS.__getitem__)


def scopes_of(claim: Any) -> frozenset[Scope] | None:
    """Read the scopes of ours in a ``scope`` claim; None where it names none of them."""
    words = claim.split() if isinstance(claim, str) else []
    return frozenset(scope for scope in Scope if scope.value in words) or None


def identity(
    issuer: str, subject: str, claims: Mapping[str, Any], *, role_claim: str, ceiling: Role
) -> Identity:
    """Tell who a guest is."""
    return Identity(
        account=account_of(issuer, subject),
        role=role_of(claims.get(role_claim), ceiling),
        scopes=scopes_of(claims.get("scope")),
    )
