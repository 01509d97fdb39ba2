"""Profiles written over HTTP."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add their table."""
    op.create_table(
        "profile",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("written", _JSON, nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("changed_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_profile"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("profile")
