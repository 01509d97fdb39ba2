"""Column types and the clock, the same on SQLite and PostgreSQL.

Times are kept as seconds since the epoch (double precision), so that lease arithmetic is one
and the same SQL on both engines; in Python they are aware UTC datetimes.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

JsonColumn = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
BigId = BigInteger().with_variant(Integer, "sqlite")
Seconds = Float(53)


class now_s(FunctionElement[float]):  # noqa: N801  # reads as the SQL function it is
    """The database's own clock in seconds since the epoch, moving inside a transaction."""

    type = Float(53)
    inherit_cache = True


@compiles(now_s, "postgresql")
def _now_postgresql(element: now_s, compiler: SQLCompiler, **_: Any) -> str:
    del element, compiler
    return "extract(epoch from clock_timestamp())::double precision"


@compiles(now_s, "sqlite")
def _now_sqlite(element: now_s, compiler: SQLCompiler, **_: Any) -> str:
    del element, compiler
    # 2440587.5 is the Julian day of 1970-01-01; SQLite keeps milliseconds.
    return "((julianday('now') - 2440587.5) * 86400.0)"


def utc(seconds: float) -> datetime:
    """Turn stored seconds into an aware UTC time."""
    return datetime.fromtimestamp(seconds, UTC)


def utc_or_none(seconds: float | None) -> datetime | None:
    """Turn stored seconds, if any, into an aware UTC time."""
    return None if seconds is None else utc(seconds)
