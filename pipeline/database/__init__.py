"""Rows: one port, SQLAlchemy on SQLite and PostgreSQL, and the migrations."""
