"""A key for jobs whose segments are encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    op.add_column("job", sa.Column("content_key", sa.String(32)))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("job", "content_key")
