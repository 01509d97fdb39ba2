"""What alembic runs: it uses the connection it was handed and reads no settings."""

from alembic import context

from pipeline.database.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
