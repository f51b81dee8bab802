"""Alembic runs this to take the steps in the transaction that it was given."""

from alembic import context

from digitcanvas.data.store.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
