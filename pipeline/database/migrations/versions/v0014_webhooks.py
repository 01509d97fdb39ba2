"""Webhooks, their deliveries, and whose an event is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_SECONDS = sa.Float(53)
_PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    """Create the tables; nothing that happened before is told of."""
    op.add_column("event", sa.Column("account", sa.String(64)))
    _create_webhook()
    _create_delivery()
    cursor = op.create_table(
        "webhook_cursor",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_cursor"),
    )
    number = sa.table("event_number", sa.column("last", _BIG))
    newest = sa.select(sa.literal(1), sa.func.coalesce(sa.func.max(number.c.last), 0))
    op.execute(sa.insert(cursor).from_select(["id", "number"], newest))


def downgrade() -> None:
    """Drop them."""
    for table in ("webhook_cursor", "delivery", "webhook"):
        op.drop_table(table)
    op.drop_column("event", "account")


def _create_webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("is_system_wide", sa.Boolean, nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("events", _JSON, nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("disabled_reason", sa.String(16)),
        sa.Column("disabled_at", _SECONDS),
        sa.Column("secret", sa.String(255), nullable=False),
        sa.Column("previous_secret", sa.String(255)),
        sa.Column("previous_until", _SECONDS),
        sa.Column("from_number", _BIG, nullable=False),
        sa.Column("last_sequence", _BIG, nullable=False),
        sa.Column("failing_since", _SECONDS),
        sa.Column("n_failed_in_row", sa.Integer, nullable=False),
        sa.Column("n_delivered", _BIG, nullable=False),
        sa.Column("n_failed", _BIG, nullable=False),
        sa.Column("rest_until", _SECONDS, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("lease_until", _SECONDS, nullable=False),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
    )
    op.create_index("ix_webhook_account", "webhook", ["account"])
    op.create_index("ix_webhook_newest", "webhook", ["created_at", "id"])


def _create_delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("webhook_id", sa.String(40), nullable=False),
        sa.Column("sequence", _BIG, nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("event_id", _BIG),
        sa.Column("asset_id", sa.String(40)),
        sa.Column("job_id", sa.String(40)),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("attempts", _JSON, nullable=False),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.Column("begun_at", _SECONDS, nullable=False),
        sa.Column("next_at", _SECONDS, nullable=False),
        sa.Column("ended_at", _SECONDS),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name="fk_delivery_webhook_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_delivery_newest", "delivery", ["webhook_id", "sequence"], unique=True)
    op.create_index("ix_delivery_old", "delivery", ["created_at"])
    op.create_index(
        "ix_delivery_pending",
        "delivery",
        ["webhook_id", "next_at"],
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    )
