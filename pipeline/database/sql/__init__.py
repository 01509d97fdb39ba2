"""The database on SQLAlchemy Core: one SQL for SQLite and PostgreSQL."""

from pipeline.database.sql.database import SqlDatabase

__all__ = ["SqlDatabase"]
