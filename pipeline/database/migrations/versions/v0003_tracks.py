"""Renditions of several tracks: what each is called and for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what tells the tracks of one medium apart."""
    op.add_column(
        "rendition", sa.Column("title", sa.String(length=255), nullable=False, server_default="")
    )
    op.add_column(
        "rendition",
        sa.Column("is_default", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.add_column(
        "rendition",
        sa.Column("dispositions", sa.String(length=255), nullable=False, server_default=""),
    )
