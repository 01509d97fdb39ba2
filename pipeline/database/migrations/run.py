"""Run the migrations from inside the program, safely beside others doing the same."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

#: Any constant known to nobody else; guards concurrent upgrades on one PostgreSQL.
_LOCK_ID = 7_265_656_1


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema up to a revision; the second of two racing callers finds it done."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK_ID})
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        command.upgrade(alembic_config(connection), revision)
        connection.commit()


def alembic_config(connection: Connection) -> Config:
    """Point alembic at our history and hand it the open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
