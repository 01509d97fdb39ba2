"""Requests that may come twice."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_SECONDS = sa.Float(53)


def upgrade() -> None:
    """Add their table."""
    op.create_table(
        "idempotency",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("held_until", _SECONDS, nullable=False),
        sa.Column("made", sa.String(length=64)),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_idempotency"),
        sa.UniqueConstraint("account", "key_sha256", name="uq_idempotency_account"),
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("idempotency")
