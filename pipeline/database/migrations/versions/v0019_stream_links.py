"""What voids a stream's signed addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add it."""
    epoch = sa.Column("playback_epoch", sa.Integer, nullable=False, server_default="0")
    op.add_column("stream", epoch)


def downgrade() -> None:
    """Drop it."""
    op.drop_column("stream", "playback_epoch")
