"""Who may watch an asset, what its app says of it, and lists of one account's assets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add them; what is there stays open to everybody, as it was."""
    playback = sa.Column("playback", sa.String(length=16), nullable=False, server_default="public")
    op.add_column("asset", playback)
    kept_as = sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True), "postgresql"
    )
    op.add_column("asset", sa.Column("metadata", kept_as, nullable=False, server_default="{}"))
    op.create_index("ix_asset_account", "asset", ["account", "created_at", "id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_asset_account", "asset")
    op.drop_column("asset", "metadata")
    op.drop_column("asset", "playback")
