"""The speed of an upload, under a name that says bytes: ``_bps`` is bits."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Rename the column."""
    op.alter_column("upload", "speed_bps", new_column_name="speed_bytes_s")


def downgrade() -> None:
    """Give it its old name back."""
    op.alter_column("upload", "speed_bytes_s", new_column_name="speed_bps")
