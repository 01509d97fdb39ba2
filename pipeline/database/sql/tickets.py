"""Tickets as rows: taken by whoever deletes them."""

from typing import Any

from sqlalchemy import Column, Connection, Index, String, Table, delete, insert

from pipeline.database.sql.columns import JsonColumn, Seconds, now_s
from pipeline.database.sql.tables import metadata

ticket = Table(
    "ticket",
    metadata,
    # Of the ticket: the table gives nobody a seat who reads it.
    Column("sha256", String(64), primary_key=True),
    Column("seat", JsonColumn, nullable=False),
    Column("expires_at", Seconds, nullable=False),
    Index("ix_ticket_expires_at", "expires_at"),
)


class SqlTickets:
    """See ``tickets.TicketRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, sha256: str, seat: dict[str, Any], *, life_s: float) -> None:
        # Who gives one out sweeps up those that nobody came for.
        self._connection.execute(delete(ticket).where(ticket.c.expires_at < now_s()))
        row = {"sha256": sha256, "seat": seat}
        self._connection.execute(insert(ticket).values(**row, expires_at=now_s() + life_s))

    def take(self, sha256: str) -> dict[str, Any] | None:
        taken = self._connection.execute(
            delete(ticket)
            .where(ticket.c.sha256 == sha256)
            .returning(ticket.c.seat, ticket.c.expires_at >= now_s())
        ).one_or_none()
        return taken[0] if taken is not None and taken[1] else None
