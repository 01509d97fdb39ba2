"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

JSON_COLUMN = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SECONDS = sa.Float(precision=53)
_QUEUES = ("probe", "thumbnails", "encode.cpu", "encode.gpu", "package", "live", "record")


def upgrade() -> None:
    """Create every table and the rows that must exist."""
    _create_asset()
    _create_event()
    _create_event_number()
    _create_garbage()
    _create_lease()
    _create_outbox()
    _create_queue_control()
    _create_worker()
    _create_job()
    _create_media_file()
    _create_picture()
    _create_rendition()
    _create_segment()
    _create_task()
    _index_task()
    _create_task_dep()
    op.execute("INSERT INTO event_number (id, last) VALUES (1, 0)")
    # Rows that are only ever updated, so that two who change one never collide.
    for queue in _QUEUES:
        op.execute(f"INSERT INTO queue_control (queue, is_paused) VALUES ('{queue}', false)")  # noqa: S608  # our own constants
    op.execute("INSERT INTO lease (name, owner, epoch, until) VALUES ('scheduler', '', 0, 0)")


def downgrade() -> None:
    """Drop everything."""
    for table in (
        "task_dep",
        "task",
        "segment",
        "rendition",
        "picture",
        "media_file",
        "job",
        "worker",
        "queue_control",
        "outbox",
        "lease",
        "garbage",
        "event_number",
        "event",
        "asset",
    ):
        op.drop_table(table)


def _create_asset() -> None:
    op.create_table(
        "asset",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("source_key", sa.String(length=255), nullable=False),
        sa.Column("size_bytes", BIG_ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("playable_at", SECONDS),
        sa.Column("job_id", sa.String(length=40)),
        sa.Column("facts", JSON_COLUMN),
        sa.Column("error", JSON_COLUMN),
        sa.PrimaryKeyConstraint("id", name="pk_asset"),
    )
    op.create_index("ix_asset_newest", "asset", ["created_at", "id"])


def _create_event() -> None:
    op.create_table(
        "event",
        sa.Column("seq", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("number", BIG_ID),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("at", SECONDS, nullable=False),
        sa.Column("asset_id", sa.String(length=40)),
        sa.Column("job_id", sa.String(length=40)),
        sa.Column("task_id", sa.String(length=40)),
        sa.Column("data", JSON_COLUMN, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_event_at", "event", ["at"])
    op.create_index("ix_event_job_id", "event", ["job_id"])
    op.create_index(
        "ix_event_unnumbered",
        "event",
        ["seq"],
        sqlite_where=sa.text("number IS NULL"),
        postgresql_where=sa.text("number IS NULL"),
    )


def _create_event_number() -> None:
    op.create_table(
        "event_number",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_number"),
    )


def _create_garbage() -> None:
    op.create_table(
        "garbage",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("prefix", sa.String(length=255), nullable=False),
        sa.Column("not_before", SECONDS, nullable=False),
        sa.Column("n_passes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_garbage"),
    )
    op.create_index("ix_garbage_not_before", "garbage", ["not_before"])


def _create_lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("until", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("queue", sa.String(length=24), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=False),
        sa.Column("not_before", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_not_before", "outbox", ["not_before"])
    op.create_index("ix_outbox_task_id", "outbox", ["task_id"])


def _create_queue_control() -> None:
    op.create_table(
        "queue_control",
        sa.Column("queue", sa.String(length=24), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("queue", name="pk_queue_control"),
    )


def _create_worker() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("queues", JSON_COLUMN, nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("capabilities", JSON_COLUMN, nullable=False),
        sa.Column("started_at", SECONDS, nullable=False),
        sa.Column("last_seen_at", SECONDS, nullable=False),
        sa.Column("is_draining", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )


def _create_job() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("asset_id", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("profile", JSON_COLUMN, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("rank", SECONDS, nullable=False),
        sa.Column("metadata", JSON_COLUMN, nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("max_lost", sa.Integer(), nullable=False),
        sa.Column("plan", JSON_COLUMN),
        sa.Column("encoder_build", sa.String(length=64)),
        sa.Column("files", JSON_COLUMN, nullable=False),
        sa.Column("error", JSON_COLUMN),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("started_at", SECONDS),
        sa.Column("finished_at", SECONDS),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["asset.id"], name="fk_job_asset_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_account", "job", ["account", "state"])
    op.create_index("ix_job_state", "job", ["state"])
    op.create_index("ix_job_asset_id", "job", ["asset_id"])
    op.create_index("ix_job_newest", "job", ["created_at", "id"])


def _create_media_file() -> None:
    op.create_table(
        "media_file",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("asset_id", sa.String(length=40), nullable=False),
        sa.Column("content_type", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_media_file_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_media_file"),
    )
    op.create_index("ix_media_file_job_id", "media_file", ["job_id"])


def _create_picture() -> None:
    op.create_table(
        "picture",
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("at_s", SECONDS, nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_picture_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "key", name="pk_picture"),
    )


def _create_rendition() -> None:
    op.create_table(
        "rendition",
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("medium", sa.String(length=8), nullable=False),
        sa.Column("codec", sa.String(length=16), nullable=False),
        sa.Column("bitrate_bps", BIG_ID, nullable=False),
        sa.Column("width_px", sa.Integer()),
        sa.Column("height_px", sa.Integer()),
        sa.Column("frame_rate", sa.String(length=32)),
        sa.Column("channels", sa.Integer()),
        sa.Column("sample_rate_hz", sa.Integer()),
        sa.Column("language", sa.String(length=16)),
        sa.Column("n_segments", sa.Integer()),
        sa.Column("codecs", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_rendition_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "name", name="pk_rendition"),
    )


def _create_segment() -> None:
    op.create_table(
        "segment",
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("rendition", sa.String(length=40), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("asset_id", sa.String(length=40), nullable=False),
        sa.Column("duration_s", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", BIG_ID, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("init_key", sa.String(length=255), nullable=False),
        sa.Column("init_sha256", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_segment_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "rendition", "index", name="pk_segment"),
        sa.UniqueConstraint("key"),
    )


def _create_task() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("asset_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("queue", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("chunk", sa.Integer()),
        sa.Column("rank", SECONDS, nullable=False),
        sa.Column("is_express", sa.Boolean(), nullable=False),
        sa.Column("is_build_pinned", sa.Boolean(), nullable=False),
        sa.Column("deps_left", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lost_count", sa.Integer(), nullable=False),
        sa.Column("max_lost", sa.Integer(), nullable=False),
        sa.Column("fault_count", sa.Integer(), nullable=False),
        sa.Column("run_after", SECONDS, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=64)),
        sa.Column("lease_until", SECONDS),
        sa.Column("is_cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("scratch_bytes", BIG_ID, nullable=False),
        sa.Column("weight", SECONDS, nullable=False),
        sa.Column("fraction", SECONDS, nullable=False),
        sa.Column("progress", JSON_COLUMN, nullable=False),
        sa.Column("params", JSON_COLUMN, nullable=False),
        sa.Column("result", JSON_COLUMN),
        sa.Column("error", JSON_COLUMN),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_task_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
    )


def _index_task() -> None:
    op.create_index("ix_task_claim", "task", ["queue", "state", "is_express", "rank"])
    op.create_index("ix_task_job_id", "task", ["job_id"])
    op.create_index("ix_task_lease", "task", ["state", "lease_until"])
    op.create_index(
        "ix_task_unfinished",
        "task",
        ["job_id", "state"],
        sqlite_where=sa.text("state <> 'succeeded'"),
        postgresql_where=sa.text("state <> 'succeeded'"),
    )


def _create_task_dep() -> None:
    op.create_table(
        "task_dep",
        sa.Column("task_id", sa.String(length=40), nullable=False),
        sa.Column("needs_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["needs_id"], ["task.id"], name="fk_task_dep_needs_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name="fk_task_dep_task_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "needs_id", name="pk_task_dep"),
    )
    op.create_index("ix_task_dep_needs_id", "task_dep", ["needs_id"])
