"""The form of the made-up rows: which columns of which table, and how a moment is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.store.tables import RecordKeyRow

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]

IDS = 16  # that a ticket takes of each table
_WITHOUT_ZONE = len("2026-01-01 00:00:00.000000")

# What others refer to comes first.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "record_key": ("record", "wrapped"),
    "ticket": (
        *("number", "state", "open", "version", "source_line", "channel", "agent"),
        *("fields_sealed", "caller_digest", "contact_digest", "place_digest", "created_at"),
        *("county", "type", "urgency", "category", "subject", "enterprise", "secrecy", "route"),
        *("policy", "directory_line", "first_unit", "unit", "dispatches", "sign_due"),
        *("handle_due", "handle_unit", "dispatched_at", "signed_at", "handled_at"),
        *("answered_at", "archived_at"),
    ),
    "ticket_words": ("id", "number", "open", "words"),
    "step": (
        *("id", "number", "seq", "act", "source", "target", "actor", "role", "unit", "at"),
        *("article", "reason", "words_sealed", "details", "policy"),
    ),
    "task": (
        *("id", "number", "created_at", "open", "unit", "part", "state", "sign_due", "due"),
        *("given_at", "signed_by", "signed_at", "done_at"),
    ),
    "follow_up": (
        *("id", "number", "round", "at", "by", "reached", "contacted", "solved", "satisfied"),
    ),
    "rating": ("number", "at", "by", "level", "unit"),
    "timer": ("id", "subject", "kind", "round", "due_at", "state", "attempts", "fired_at"),
}


class Keys:
    """What the vault needs of a session: the keys of the records that are being written."""

    def __init__(self) -> None:
        self.rows: dict[str, RecordKeyRow] = {}

    @property
    def info(self) -> dict[str, Any]:
        """What is held is not needed twice."""
        return {}

    def get(self, _table: object, record: str) -> RecordKeyRow | None:
        return self.rows.get(record)

    def add(self, row: RecordKeyRow) -> None:
        self.rows[row.record] = row

    def flush(self) -> None:
        """Nothing waits."""


def stamp(moment: datetime | None) -> str | None:
    """A moment in UTC without the zone's name: as SQLite keeps it, as PostgreSQL reads it."""
    if moment is None:
        return None
    return moment.isoformat(" ", "microseconds")[:_WITHOUT_ZONE]
