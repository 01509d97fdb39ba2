"""The tables. Migrations build exactly these; a test compares the two."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    false,
    text,
    true,
)

from pipeline.database.sql.columns import BigId, JsonColumn, Seconds

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

asset = Table(
    "asset",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("account", String(64), nullable=False),
    Column("filename", String(255), nullable=False),
    Column("source_key", String(255), nullable=False),
    Column("size_bytes", BigId, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("playback", String(16), nullable=False, server_default="public"),
    Column("playback_epoch", Integer, nullable=False, server_default="0"),
    Column("metadata", JsonColumn, nullable=False, server_default="{}"),
    Column("created_at", Seconds, nullable=False),
    Column("playable_at", Seconds),
    Column("job_id", String(40)),
    Column("facts", JsonColumn),
    Column("error", JsonColumn),
    # Of broadcasts: how long they stay once they are over, and from then on until when.
    Column("kept_s", Seconds),
    Column("expires_at", Seconds),
    Index("ix_asset_expires", "expires_at"),
    Index("ix_asset_newest", "created_at", "id"),
    Index("ix_asset_account", "account", "created_at", "id"),
)

job = Table(
    "job",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("asset_id", ForeignKey("asset.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("account", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("profile", JsonColumn, nullable=False),
    Column("priority", Integer, nullable=False),
    # Ageing, priority and fair share in one number that never needs updating: see ranks.py.
    Column("rank", Seconds, nullable=False),
    Column("metadata", JsonColumn, nullable=False),
    Column("is_dry_run", Boolean, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("max_lost", Integer, nullable=False),
    Column("plan", JsonColumn),
    Column("encoder_build", String(64)),
    # Hexadecimal; only of jobs whose profile encrypts.
    Column("content_key", String(32)),
    Column("files", JsonColumn, nullable=False),
    Column("error", JsonColumn),
    Column("created_at", Seconds, nullable=False),
    Column("started_at", Seconds),
    Column("finished_at", Seconds),
    Index("ix_job_newest", "created_at", "id"),
    Index("ix_job_account", "account", "state"),
    Index("ix_job_state", "state"),
)

task = Table(
    "task",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("asset_id", String(40), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("queue", String(24), nullable=False),
    Column("state", String(16), nullable=False),
    Column("chunk", Integer),
    Column("rank", Seconds, nullable=False),
    Column("is_express", Boolean, nullable=False),
    Column("is_build_pinned", Boolean, nullable=False),
    Column("is_background", Boolean, nullable=False, server_default=text("false")),
    Column("deps_left", Integer, nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("max_attempts", Integer, nullable=False),
    Column("lost_count", Integer, nullable=False, default=0),
    Column("max_lost", Integer, nullable=False),
    Column("fault_count", Integer, nullable=False, default=0),
    Column("run_after", Seconds, nullable=False),
    Column("epoch", Integer, nullable=False, default=0),
    Column("lease_owner", String(64)),
    Column("lease_until", Seconds),
    Column("is_cancel_requested", Boolean, nullable=False, default=False),
    Column("source_sha256", String(64), nullable=False),
    Column("scratch_bytes", BigId, nullable=False),
    Column("weight", Seconds, nullable=False),
    Column("fraction", Seconds, nullable=False, default=0.0),
    Column("progress", JsonColumn, nullable=False),
    Column("params", JsonColumn, nullable=False),
    Column("result", JsonColumn),
    Column("error", JsonColumn),
    Index("ix_task_claim", "queue", "state", "is_express", "rank"),
    Index("ix_task_lease", "state", "lease_until"),
    Index(
        "ix_task_unfinished",
        "job_id",
        "state",
        sqlite_where=text("state <> 'succeeded'"),
        postgresql_where=text("state <> 'succeeded'"),
    ),
)

task_dep = Table(
    "task_dep",
    metadata,
    Column("task_id", ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
    Column("needs_id", ForeignKey("task.id", ondelete="CASCADE"), primary_key=True, index=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("queue", String(24), nullable=False),
    Column("task_id", String(40), nullable=False, index=True),
    Column("not_before", Seconds, nullable=False, index=True),
)

event = Table(
    "event",
    metadata,
    # The order of insertion; transactions may commit in another.
    Column("seq", BigId, primary_key=True, autoincrement=True),
    # What readers go by, given out after the commit: see events.py.
    Column("number", BigId, unique=True),
    Column("type", String(32), nullable=False),
    Column("at", Seconds, nullable=False, index=True),
    # Whose it is, known also when the asset is gone; empty where it is nobody's.
    Column("account", String(64)),
    Column("asset_id", String(40)),
    Column("job_id", String(40), index=True),
    Column("task_id", String(40)),
    Column("data", JsonColumn, nullable=False),
    Index(
        "ix_event_unnumbered",
        "seq",
        sqlite_where=text("number IS NULL"),
        postgresql_where=text("number IS NULL"),
    ),
)

# One row: the highest number given out. Whoever numbers events holds its lock.
event_number = Table(
    "event_number",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigId, nullable=False),
)

rendition = Table(
    "rendition",
    metadata,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("medium", String(8), nullable=False),
    Column("codec", String(16), nullable=False),
    Column("bitrate_bps", BigId, nullable=False),
    Column("width_px", Integer),
    Column("height_px", Integer),
    Column("frame_rate", String(32)),
    Column("channels", Integer),
    Column("sample_rate_hz", Integer),
    Column("language", String(16)),
    Column("title", String(255), nullable=False, server_default=""),
    Column("is_default", Boolean, nullable=False, server_default=true()),
    Column("dispositions", String(255), nullable=False, server_default=""),
    Column("n_segments", Integer),
    Column("codecs", String(64), nullable=False),
    Column("position", Integer, nullable=False),
    Column("fingerprint", String(64), nullable=False, server_default=""),
    Column("lender_id", String(40)),
)

segment = Table(
    "segment",
    metadata,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("rendition", String(40), primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("asset_id", String(40), nullable=False),
    Column("duration_s", String(64), nullable=False),
    Column("size_bytes", BigId, nullable=False),
    Column("key", String(255), nullable=False, unique=True),
    Column("init_key", String(255), nullable=False),
    Column("init_sha256", String(64), nullable=False),
    Column("task_id", String(40), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("start_ms", BigId),
    Column("is_discontinuous", Boolean, nullable=False, server_default=false()),
)

# Visible objects that are not media segments: init segments, pictures, final playlists.
media_file = Table(
    "media_file",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("asset_id", String(40), nullable=False),
    Column("content_type", String(64), nullable=False),
)

picture = Table(
    "picture",
    metadata,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("at_s", Seconds, nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
)

# One row per task whose part of the source did not decode cleanly: few.
damage = Table(
    "damage",
    metadata,
    Column("task_id", String(40), primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("counted", JsonColumn, nullable=False),
)

certificate = Table(
    "certificate",
    metadata,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("asset_id", String(40), nullable=False),
    Column("state", String(16), nullable=False),
    Column("n_stretches", Integer, nullable=False),
    Column("proofs", JsonColumn, nullable=False),
    Column("points", JsonColumn, nullable=False),
    Column("error", JsonColumn),
    Column("created_at", Seconds, nullable=False),
    Column("decided_at", Seconds),
)

garbage = Table(
    "garbage",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("prefix", String(255), nullable=False),
    Column("not_before", Seconds, nullable=False, index=True),
    Column("n_passes", Integer, nullable=False),
)

worker = Table(
    "worker",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("queues", JsonColumn, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("capabilities", JsonColumn, nullable=False),
    Column("started_at", Seconds, nullable=False),
    Column("last_seen_at", Seconds, nullable=False),
    Column("is_draining", Boolean, nullable=False),
)

queue_control = Table(
    "queue_control",
    metadata,
    Column("queue", String(24), primary_key=True),
    Column("is_paused", Boolean, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", String(128), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("until", Seconds, nullable=False),
)
