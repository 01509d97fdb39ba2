"""What was measured of broadcasts, a row a minute, and their most viewers at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the table and the column."""
    seconds = sa.Float(53)
    op.add_column(
        "stream_session",
        sa.Column("peak_viewers", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_table(
        "stream_minute",
        sa.Column(
            "session_id",
            sa.String(40),
            sa.ForeignKey("stream_session.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("minute_at", seconds, primary_key=True),
        sa.Column("n_looks", sa.Integer(), nullable=False),
        sa.Column("viewers", seconds),
        sa.Column("most_viewers", sa.Integer()),
        sa.Column("bitrate_bps", seconds),
        sa.Column("frame_rate", seconds),
        sa.Column("drift_ms", seconds),
        sa.Column("dropped_frames", sa.Integer()),
        sa.Column("ladder_speed", seconds),
        sa.Column("lag_ms", seconds),
    )
    op.create_index("ix_stream_minute_at", "stream_minute", ["minute_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("stream_minute")
    op.drop_column("stream_session", "peak_viewers")
