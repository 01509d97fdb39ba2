"""Accounts, API keys, logins; what was made before belongs to the account ``local``."""

import time

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SECONDS = sa.Float(precision=53)
_JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)


def upgrade() -> None:
    """Make the tables, and the account that the embedded form works as."""
    account = op.create_table(
        "account",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=255)),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("max_stored_bytes", _BIG),
        sa.Column("max_open_uploads", _BIG),
        sa.Column("max_minutes_a_day", _BIG),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name"),
    )
    op.bulk_insert(
        account,
        [
            {
                "id": "local",
                "name": "local",
                "role": "admin",
                "is_disabled": False,
                "epoch": 0,
                "created_at": time.time(),
            }
        ],
    )
    _keys()
    _logins()


def _of_account(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    foreign = sa.ForeignKeyConstraint(
        ["account_id"], ["account.id"], name=op.f(f"fk_{table}_account_id"), ondelete="CASCADE"
    )
    return sa.Column("account_id", sa.String(length=64), nullable=False), foreign


def _keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=40), nullable=False),
        *_of_account("api_key"),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=24), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", _JSON),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.Column("expires_at", _SECONDS),
        sa.Column("last_used_at", _SECONDS),
        sa.Column("revoked_at", _SECONDS),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("prefix"),
    )
    op.create_index("ix_api_key_account_id", "api_key", ["account_id"])


def _logins() -> None:
    op.create_table(
        "login",
        sa.Column("id", sa.String(length=40), nullable=False),
        *_of_account("login"),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64)),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.Column("expires_at", _SECONDS, nullable=False),
        sa.Column("revoked_at", _SECONDS),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login")),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_login_account_id", "login", ["account_id"])
    op.create_index("ix_login_expires_at", "login", ["expires_at"])
    op.create_table(
        "refresh_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("login_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.Column("used_at", _SECONDS),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_refresh_token")),
        sa.ForeignKeyConstraint(
            ["login_id"],
            ["login.id"],
            name=op.f("fk_refresh_token_login_id"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_refresh_token_login_id", "refresh_token", ["login_id"])
    op.create_table(
        "login_ticket",
        sa.Column("digest", sa.String(length=64), nullable=False),
        *_of_account("login_ticket"),
        sa.Column("expires_at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_login_ticket")),
    )
    op.create_index("ix_login_ticket_account_id", "login_ticket", ["account_id"])
    op.create_index("ix_login_ticket_expires_at", "login_ticket", ["expires_at"])


def downgrade() -> None:
    """Drop them."""
    for table in ("login_ticket", "refresh_token", "login", "api_key", "account"):
        op.drop_table(table)
