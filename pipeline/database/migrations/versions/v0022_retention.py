"""When recordings go by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the columns, and what finds those whose time has come."""
    op.add_column("asset", sa.Column("kept_s", sa.Float(53)))
    op.add_column("asset", sa.Column("expires_at", sa.Float(53)))
    op.create_index("ix_asset_expires", "asset", ["expires_at"])


def downgrade() -> None:
    """Remove them: recordings stay."""
    op.drop_index("ix_asset_expires", "asset")
    op.drop_column("asset", "expires_at")
    op.drop_column("asset", "kept_s")
