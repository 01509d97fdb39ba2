"""Background tasks, their queue, and the certificates they make."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

JSON_COLUMN = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
SECONDS = sa.Float(precision=53)


def upgrade() -> None:
    """Add the table, the column and the queue's switch; old jobs stay without a certificate."""
    op.create_table(
        "certificate",
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("asset_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("n_stretches", sa.Integer(), nullable=False),
        sa.Column("proofs", JSON_COLUMN, nullable=False),
        sa.Column("points", JSON_COLUMN, nullable=False),
        sa.Column("error", JSON_COLUMN),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("decided_at", SECONDS),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_certificate_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name="pk_certificate"),
    )
    # Plain ADD COLUMN, which neither engine rewrites the table for.
    op.add_column(
        "task",
        sa.Column("is_background", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.execute("INSERT INTO queue_control (queue, is_paused) VALUES ('prove', false)")
