"""Run by Alembic for each migration, with the connection that `lignin migrate` hands over."""

from alembic import context

from lignin.model import Registry

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Registry.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
