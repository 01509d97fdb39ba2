"""The tables of streams; see ``tables`` for the others."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from pipeline.database.sql.columns import BigId, JsonColumn, Seconds
from pipeline.database.sql.tables import metadata

_IS_RUNNING = text("state <> 'closed'")

stream = Table(
    "stream",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("title", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("playback", String(16), nullable=False),
    Column("is_recorded", Boolean, nullable=False),
    Column("keep_days", Integer),
    Column("grace_s", Integer, nullable=False),
    Column("profile", JsonColumn, nullable=False),
    Column("scheduled_for", Seconds, index=True),
    Column("reminded_at", Seconds),
    Column("peak_viewers", Integer, nullable=False),
    Column("started_at", Seconds),
    Column("ended_at", Seconds),
    Column("created_at", Seconds, nullable=False),
    Column("playback_epoch", Integer, nullable=False, server_default="0"),
    Index("ix_stream_newest", "created_at", "id"),
    Index("ix_stream_account", "account", "created_at", "id"),
)

stream_key = Table(
    "stream_key",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("stream_id", ForeignKey("stream.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String(100), nullable=False),
    # What it is found by, and shown as.
    Column("prefix", String(20), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("last_used_at", Seconds),
    Column("revoked_at", Seconds),
    Index("ix_stream_key_prefix", "prefix", unique=True),
)

stream_session = Table(
    "stream_session",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("stream_id", ForeignKey("stream.id", ondelete="CASCADE"), nullable=False),
    # They outlive the broadcast, and may be deleted before it.
    Column("asset_id", String(40), nullable=False, index=True),
    Column("job_id", String(40)),
    Column("key_id", String(40)),
    Column("key_version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("door_url", String(255), nullable=False),
    Column("holder", String(128), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("lease_until", Seconds, nullable=False),
    Column("opened_at", Seconds, nullable=False),
    Column("last_byte_at", Seconds, nullable=False),
    Column("dropped_at", Seconds),
    Column("grace_until", Seconds),
    Column("closed_at", Seconds),
    Column("end_reason", String(16)),
    Column("received_bytes", BigId, nullable=False),
    Column("facts", JsonColumn, nullable=False),
    Column("live_facts", JsonColumn, nullable=False, server_default="{}"),
    Column("peak_viewers", Integer, nullable=False, server_default="0"),
    Index("ix_stream_session_newest", "stream_id", "opened_at"),
    # A stream has one broadcast at a time.
    Index(
        "ix_stream_session_running",
        "stream_id",
        unique=True,
        sqlite_where=_IS_RUNNING,
        postgresql_where=_IS_RUNNING,
    ),
)

# Finished pieces of what publishers sent: a row each, so that a long day costs no more than a
# short one.
spool_piece = Table(
    "spool_piece",
    metadata,
    Column(
        "session_id",
        ForeignKey("stream_session.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("epoch", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("key", String(255), nullable=False),
    Column("size_bytes", BigId, nullable=False),
    Column("from_ms", BigId, nullable=False),
    Column("until_ms", BigId, nullable=False),
)

restream_target = Table(
    "restream_target",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("stream_id", ForeignKey("stream.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String(100), nullable=False),
    Column("url", Text, nullable=False),
    # Locked away by the installation's secret.
    Column("kept_key", Text, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("error", String(64)),
    Column("since", Seconds),
    Column("sent_bytes", BigId, nullable=False),
    Column("n_dropped", BigId, nullable=False),
    Column("reported_at", Seconds),
    Column("created_at", Seconds, nullable=False),
)

# What was measured of a broadcast, a row a minute; what was not known is left out.
stream_minute = Table(
    "stream_minute",
    metadata,
    Column(
        "session_id",
        ForeignKey("stream_session.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("minute_at", Seconds, primary_key=True),
    Column("n_looks", Integer, nullable=False),
    Column("viewers", Seconds),
    Column("most_viewers", Integer),
    Column("bitrate_bps", Seconds),
    Column("frame_rate", Seconds),
    Column("drift_ms", Seconds),
    Column("dropped_frames", Integer),
    Column("ladder_speed", Seconds),
    Column("lag_ms", Seconds),
    Index("ix_stream_minute_at", "minute_at"),
)
