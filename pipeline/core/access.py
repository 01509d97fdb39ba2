"""May they? One rule per thing that can be asked for; pure."""

from dataclasses import dataclass

from schemas.identity import Identity, Role, Scope

#: How far a role reaches, compared with others.
RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True)
class Rule:
    """What it takes: at least this role, and the scope where a key is narrowed to some."""

    #: None: everybody, credentials or not.
    role: Role | None = None
    scope: Scope | None = None


EVERYBODY = Rule()


def allows(rule: Rule, who: Identity | None) -> bool:
    """Tell whether somebody (None: nobody known) may do what the rule guards."""
    if rule.role is None:
        return True
    if who is None or not reaches(who.role, rule.role):
        return False
    return rule.scope is None or who.scopes is None or rule.scope in who.scopes


def reaches(role: Role, least: Role) -> bool:
    """Tell whether a role may at least what another may."""
    return RANKS[role] >= RANKS[least]


def sees_all(who: Identity) -> bool:
    """Tell whether they see what belongs to others."""
    return reaches(who.role, Role.OPERATOR)
