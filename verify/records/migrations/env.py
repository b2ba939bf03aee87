"""Run by Alembic: migrates over the connection that `upgrade` hands over, in its transaction."""

from alembic import context

from verify.records.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    compare_type=True,
)
context.run_migrations()
