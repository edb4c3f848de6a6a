"""Run by alembic within `controller.store.schema.migrate`, which opens the connection and makes sure that it is alone.

Each migration is one transaction, on SQLite too: a crash leaves the tables as they were before it or after it. What
`beside.py` does on PostgreSQL is several, and is done again after a crash.
"""

from alembic import context
from sqlalchemy import Connection

from controller.store.tables import Row

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Row.metadata,
    transaction_per_migration=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
