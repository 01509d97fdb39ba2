"""Profiles written over HTTP: added, replaced, deleted. Jobs keep what they were asked with."""

from collections.abc import Callable

from pipeline.core.errors import Conflict, NotFound, Outdated
from pipeline.database.port import Database, Transaction
from pipeline.database.shelf import Values
from pipeline.services import abilities, once
from pipeline.services.once import Claim
from schemas.profile import Profile

#: More than an installation has use for.
MOST_PROFILES = 500

#: Asked inside the transaction: is the change for what is there? None: nothing is.
IsCurrent = Callable[[Profile | None], bool]


def create(db: Database, profile: Profile, values: Values, *, claim: Claim | None = None) -> None:
    """Add a profile.

    Raises:
        Conflict: ``profile.exists``, ``profile.too_many``, or ``profile.not_encodable``: workers
            are there, and none of them has the encoders.
    """
    with db.write() as tx:
        if once.made(tx, claim) is not None:
            return
        if not _add(tx, profile, values):
            raise Conflict(f"there is a profile {profile.name!r}", code="profile.exists")
        once.note(tx, claim, profile.name)


def put(db: Database, profile: Profile, values: Values, *, is_current: IsCurrent) -> bool:
    """Add or replace a profile; tell whether it is new.

    Raises:
        Outdated: what is there is not what the caller has seen.
        Conflict: ``profile.too_many`` or ``profile.not_encodable``.
    """
    with db.write() as tx:
        before = tx.profiles.hold(profile.name)
        if before is None and is_current(None):
            if _add(tx, profile, values):
                return True
            # Somebody else was faster.
            before = tx.profiles.hold(profile.name)
        if not is_current(None if before is None else _profile(profile.name, before)):
            raise _outdated(profile.name)
        abilities.require(tx, profile)
        tx.profiles.replace(profile.name, values)
        return False


def remove(db: Database, name: str, *, is_current: IsCurrent) -> None:
    """Delete a profile; jobs and profiles made of it stay as they are.

    Raises:
        NotFound: there is no such profile.
        Outdated: it is another than the caller has seen.
    """
    with db.write() as tx:
        values = tx.profiles.hold(name)
        if values is None:
            raise NotFound(f"There is no profile {name!r}.", code="profile.unknown")
        if not is_current(_profile(name, values)):
            raise _outdated(name)
        tx.profiles.delete(name)


def _add(tx: Transaction, profile: Profile, values: Values) -> bool:
    abilities.require(tx, profile)
    if tx.profiles.count() >= MOST_PROFILES:
        raise Conflict(f"{MOST_PROFILES} profiles are the most", code="profile.too_many")
    return tx.profiles.add(profile.name, values)


def _profile(name: str, values: Values) -> Profile:
    return Profile.model_validate({**values, "name": name})


def _outdated(name: str) -> Outdated:
    return Outdated(f"the profile {name!r} has changed meanwhile")
