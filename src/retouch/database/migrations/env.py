"""Run by Alembic: takes the steps in the transaction that ``retouch.database.schema.upgrade`` has begun."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
