"""What of a job's source did not decode, as its tasks counted it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

JSON_COLUMN = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "damage",
        sa.Column("task_id", sa.String(length=40), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("counted", JSON_COLUMN, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_damage_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", name="pk_damage"),
    )
    op.create_index("ix_damage_job_id", "damage", ["job_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("damage")
