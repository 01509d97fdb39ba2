"""The tables of uploads; see ``tables``."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from pipeline.database.sql.columns import BigId, JsonColumn, Seconds
from pipeline.database.sql.tables import metadata

upload = Table(
    "upload",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account", String(64), nullable=False),
    # The asset that it will be: until then there is none to refer to.
    Column("asset_id", String(40), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("length_bytes", BigId),
    Column("offset_bytes", BigId, nullable=False),
    Column("draft", JsonColumn),
    Column("wish", JsonColumn, nullable=False),
    Column("raw_metadata", Text),
    Column("epoch", Integer, nullable=False),
    Column("holder", String(64)),
    Column("speed_bytes_s", Seconds, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("moved_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False),
    Column("job_id", String(40)),
    Index("ix_upload_account", "account", "state", "created_at", "id"),
    Index("ix_upload_due", "state", "expires_at"),
)

upload_part = Table(
    "upload_part",
    metadata,
    Column("final_id", ForeignKey("upload.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("part_id", String(40), nullable=False, index=True),
)
