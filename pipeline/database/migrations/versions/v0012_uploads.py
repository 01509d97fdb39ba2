"""Uploads that come in pieces, and which of them make one whole."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"

JSON_COLUMN = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SECONDS = sa.Float(precision=53)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "upload",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("asset_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("length_bytes", BIG),
        sa.Column("offset_bytes", BIG, nullable=False),
        sa.Column("draft", JSON_COLUMN),
        sa.Column("wish", JSON_COLUMN, nullable=False),
        sa.Column("raw_metadata", sa.Text()),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=64)),
        sa.Column("speed_bps", SECONDS, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("moved_at", SECONDS, nullable=False),
        sa.Column("expires_at", SECONDS, nullable=False),
        sa.Column("job_id", sa.String(length=40)),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
    )
    op.create_index("ix_upload_account", "upload", ["account", "state", "created_at", "id"])
    op.create_index("ix_upload_due", "upload", ["state", "expires_at"])
    op.create_table(
        "upload_part",
        sa.Column("final_id", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("part_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["final_id"], ["upload.id"], name="fk_upload_part_final_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("final_id", "position", name="pk_upload_part"),
    )
    op.create_index("ix_upload_part_part_id", "upload_part", ["part_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("upload_part")
    op.drop_table("upload")
