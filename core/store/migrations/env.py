"""Alembic runs on the connection that ``core.store.database`` hands over, in its transaction."""

from alembic import context
from sqlmodel import SQLModel

from core.store import loop_tables, tables  # noqa: F401  (fills the metadata)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()
