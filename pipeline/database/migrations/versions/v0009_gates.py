"""What voids an asset's signed addresses, and tickets for websockets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add both."""
    epoch = sa.Column("playback_epoch", sa.Integer, nullable=False, server_default="0")
    op.add_column("asset", epoch)
    op.create_table(
        "ticket",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("seat", _JSON, nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_ticket"),
    )
    op.create_index("ix_ticket_expires_at", "ticket", ["expires_at"])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("ticket")
    op.drop_column("asset", "playback_epoch")
