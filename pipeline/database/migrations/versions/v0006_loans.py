"""What a rendition is known again by, and whose segments it shows."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns; what was made before is never lent."""
    fingerprint = sa.Column("fingerprint", sa.String(length=64), nullable=False, server_default="")
    op.add_column("rendition", fingerprint)
    op.add_column("rendition", sa.Column("lender_id", sa.String(length=40)))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("rendition", "lender_id")
    op.drop_column("rendition", "fingerprint")
