"""Segments of broadcasts: where they lie on its clock, and where they do not go on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the columns, and what the live task tells of a broadcast."""
    kept_as = sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True), "postgresql"
    )
    clock = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("segment", sa.Column("start_ms", clock))
    op.add_column(
        "segment",
        sa.Column("is_discontinuous", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "stream_session", sa.Column("live_facts", kept_as, nullable=False, server_default="{}")
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("stream_session", "live_facts")
    op.drop_column("segment", "is_discontinuous")
    op.drop_column("segment", "start_ms")
