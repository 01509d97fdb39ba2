"""Streams, their keys, their broadcasts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_SECONDS = sa.Float(53)
_IS_RUNNING = sa.text("state <> 'closed'")


def upgrade() -> None:
    """Create their tables."""
    _create_stream()
    _create_key()
    _create_session()
    _create_piece()


def downgrade() -> None:
    """Drop them."""
    for table in ("spool_piece", "stream_session", "stream_key", "stream"):
        op.drop_table(table)


def _create_stream() -> None:
    op.create_table(
        "stream",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("playback", sa.String(16), nullable=False),
        sa.Column("is_recorded", sa.Boolean, nullable=False),
        sa.Column("keep_days", sa.Integer),
        sa.Column("grace_s", sa.Integer, nullable=False),
        sa.Column("profile", _JSON, nullable=False),
        sa.Column("scheduled_for", _SECONDS),
        sa.Column("reminded_at", _SECONDS),
        sa.Column("peak_viewers", sa.Integer, nullable=False),
        sa.Column("started_at", _SECONDS),
        sa.Column("ended_at", _SECONDS),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stream"),
    )
    op.create_index("ix_stream_scheduled_for", "stream", ["scheduled_for"])
    op.create_index("ix_stream_newest", "stream", ["created_at", "id"])
    op.create_index("ix_stream_account", "stream", ["account", "created_at", "id"])


def _create_key() -> None:
    op.create_table(
        "stream_key",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("stream_id", sa.String(40), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("prefix", sa.String(20), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.Column("last_used_at", _SECONDS),
        sa.Column("revoked_at", _SECONDS),
        sa.PrimaryKeyConstraint("id", name="pk_stream_key"),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["stream.id"], name="fk_stream_key_stream_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_stream_key_stream_id", "stream_key", ["stream_id"])
    op.create_index("ix_stream_key_prefix", "stream_key", ["prefix"], unique=True)


def _create_session() -> None:
    op.create_table(
        "stream_session",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("stream_id", sa.String(40), nullable=False),
        sa.Column("asset_id", sa.String(40), nullable=False),
        sa.Column("job_id", sa.String(40)),
        sa.Column("key_id", sa.String(40)),
        sa.Column("key_version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("door_url", sa.String(255), nullable=False),
        sa.Column("holder", sa.String(128), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("lease_until", _SECONDS, nullable=False),
        sa.Column("opened_at", _SECONDS, nullable=False),
        sa.Column("last_byte_at", _SECONDS, nullable=False),
        sa.Column("dropped_at", _SECONDS),
        sa.Column("grace_until", _SECONDS),
        sa.Column("closed_at", _SECONDS),
        sa.Column("end_reason", sa.String(16)),
        sa.Column("received_bytes", _BIG, nullable=False),
        sa.Column("facts", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stream_session"),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["stream.id"], name="fk_stream_session_stream_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_stream_session_asset_id", "stream_session", ["asset_id"])
    op.create_index("ix_stream_session_newest", "stream_session", ["stream_id", "opened_at"])
    op.create_index(
        "ix_stream_session_running",
        "stream_session",
        ["stream_id"],
        unique=True,
        sqlite_where=_IS_RUNNING,
        postgresql_where=_IS_RUNNING,
    )


def _create_piece() -> None:
    op.create_table(
        "spool_piece",
        sa.Column("session_id", sa.String(40), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("size_bytes", _BIG, nullable=False),
        sa.Column("from_ms", _BIG, nullable=False),
        sa.Column("until_ms", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "epoch", "number", name="pk_spool_piece"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["stream_session.id"],
            name="fk_spool_piece_session_id",
            ondelete="CASCADE",
        ),
    )
