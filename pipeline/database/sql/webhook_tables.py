"""The tables of webhooks; see ``tables`` for the others."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from pipeline.database.sql.columns import BigId, JsonColumn, Seconds
from pipeline.database.sql.tables import metadata

webhook = Table(
    "webhook",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account", String(64), nullable=False, index=True),
    Column("is_system_wide", Boolean, nullable=False),
    Column("url", String(2048), nullable=False),
    Column("events", JsonColumn, nullable=False),
    Column("description", String(255), nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("disabled_reason", String(16)),
    Column("disabled_at", Seconds),
    # As they are kept, see core/vault.py.
    Column("secret", String(255), nullable=False),
    Column("previous_secret", String(255)),
    Column("previous_until", Seconds),
    # Events up to this number happened before it, or while it was disabled.
    Column("from_number", BigId, nullable=False),
    # The sequence number given out last.
    Column("last_sequence", BigId, nullable=False),
    Column("failing_since", Seconds),
    Column("n_failed_in_row", Integer, nullable=False),
    Column("n_delivered", BigId, nullable=False),
    Column("n_failed", BigId, nullable=False),
    # Left alone until then.
    Column("rest_until", Seconds, nullable=False),
    # Who sends to it holds a lease; see "lease, epoch" of tasks.
    Column("epoch", Integer, nullable=False),
    Column("lease_until", Seconds, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Index("ix_webhook_newest", "created_at", "id"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("webhook_id", ForeignKey("webhook.id", ondelete="CASCADE"), nullable=False),
    Column("sequence", BigId, nullable=False),
    Column("type", String(32), nullable=False),
    Column("event_id", BigId),
    Column("asset_id", String(40)),
    Column("job_id", String(40)),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("attempts", JsonColumn, nullable=False),
    Column("created_at", Seconds, nullable=False),
    # What its age counts from: made, or asked for again.
    Column("begun_at", Seconds, nullable=False),
    Column("next_at", Seconds, nullable=False),
    Column("ended_at", Seconds),
    Index("ix_delivery_newest", "webhook_id", "sequence", unique=True),
    Index("ix_delivery_old", "created_at"),
    Index(
        "ix_delivery_pending",
        "webhook_id",
        "next_at",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
)

# One row: the number of the newest event that was told of. Whoever tells holds its lock.
webhook_cursor = Table(
    "webhook_cursor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigId, nullable=False),
)
