"""The database: tables, migrations, the vault for personal text, the outbox of events."""

from core.store.database import Database, DatabaseAway, DatabaseUnusable

__all__ = ["Database", "DatabaseAway", "DatabaseUnusable"]
