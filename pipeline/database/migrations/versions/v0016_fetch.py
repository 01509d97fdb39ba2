"""Addresses that sources are fetched from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add their table."""
    kept_as = sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True), "postgresql"
    )
    op.create_table(
        "fetch",
        sa.Column("asset_id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("limit_bytes", sa.BigInteger(), nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", kept_as),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", name="pk_fetch"),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["asset.id"], name="fk_fetch_asset_id_asset", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_fetch_created_at", "fetch", ["created_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("fetch")
