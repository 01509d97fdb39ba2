"""Indexes that lists with filters are read by."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add them."""
    op.create_index("ix_asset_state", "asset", ["state", "created_at", "id"])
    op.create_index("ix_job_owner", "job", ["account", "created_at", "id"])
    if op.get_bind().dialect.name == "postgresql":
        for table in ("asset", "job"):
            op.create_index(f"ix_{table}_metadata", table, ["metadata"], postgresql_using="gin")


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("asset", "job"):
            op.drop_index(f"ix_{table}_metadata", table)
    op.drop_index("ix_job_owner", "job")
    op.drop_index("ix_asset_state", "asset")
