"""The tables of accounts and of what proves them."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table

from pipeline.database.sql.columns import BigId, JsonColumn, Seconds
from pipeline.database.sql.tables import metadata

_OF_ACCOUNT = "account.id"

account = Table(
    "account",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(255)),
    Column("is_disabled", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("max_stored_bytes", BigId),
    Column("max_open_uploads", BigId),
    Column("max_minutes_a_day", BigId),
    Column("created_at", Seconds, nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", ForeignKey(_OF_ACCOUNT, ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("prefix", String(24), nullable=False, unique=True),
    Column("digest", String(64), nullable=False),
    Column("scopes", JsonColumn),
    Column("created_at", Seconds, nullable=False),
    Column("expires_at", Seconds),
    Column("last_used_at", Seconds),
    Column("revoked_at", Seconds),
)

login = Table(
    "login",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", ForeignKey(_OF_ACCOUNT, ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    # Of a browser's cookie.
    Column("digest", String(64), unique=True),
    Column("created_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    Column("revoked_at", Seconds),
)

# Used ones stay as long as their login, so that a second use is known for what it is.
refresh_token = Table(
    "refresh_token",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("login_id", ForeignKey("login.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Seconds, nullable=False),
    Column("used_at", Seconds),
)

login_ticket = Table(
    "login_ticket",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("account_id", ForeignKey(_OF_ACCOUNT, ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", Seconds, nullable=False, index=True),
)
