"""Leader election by a row: the same on SQLite and PostgreSQL, and a frozen leader loses it."""

from pipeline.database.port import Database


def lead(db: Database, name: str, owner: str, *, ttl_s: float) -> bool:
    """Take or renew a leadership for a while; tell whether the owner has it.

    What a leader does must do no harm when two think they lead for a moment.
    """
    with db.write() as tx:
        return tx.fleet.lead(name, owner, ttl_s)


def resign(db: Database, name: str, owner: str) -> None:
    """Let another lead at once."""
    with db.write() as tx:
        tx.fleet.resign(name, owner)
