"""Targets that streams are pushed on to."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_SECONDS = sa.Float(53)


def upgrade() -> None:
    """Create their table."""
    op.create_table(
        "restream_target",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("stream_id", sa.String(40), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("kept_key", sa.Text, nullable=False),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("error", sa.String(64)),
        sa.Column("since", _SECONDS),
        sa.Column("sent_bytes", _BIG, nullable=False),
        sa.Column("n_dropped", _BIG, nullable=False),
        sa.Column("reported_at", _SECONDS),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_restream_target"),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["stream.id"], name="fk_restream_target_stream_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_restream_target_stream_id", "restream_target", ["stream_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("restream_target")
