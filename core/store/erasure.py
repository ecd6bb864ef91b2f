"""Lawful deletion: a record's key is destroyed, and with it every word that was sealed under it.

What hangs on a record is found by the tables themselves, so that a new table is not forgotten:
sealed columns are emptied, ``*_digest`` columns too, and a table whose digests are part of its key
was made for searching only and loses its rows. What keeps its ticket's number under another name,
or its text unsealed, is not found.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, LargeBinary, Table, update
from sqlmodel import Session, SQLModel, col, delete

from core.store.tables import CallRow, DraftRow, RecordingRow, SegmentRow
from core.store.vault import Vault


def erase_ticket(session: Session, vault: Vault, number: str) -> None:
    """Nothing that a person said or is known by stays in the ticket; its call is another record."""
    vault.erase(session, number)
    empty_ticket(session, number)


def empty_ticket(session: Session, number: str) -> None:
    """Every sealed text and every digest of the ticket, wherever it is kept."""
    session.flush()
    for table in SQLModel.metadata.sorted_tables:
        if "number" in table.columns:
            _empty(session, table, table.c.number, number)
    session.expire_all()


def erase_call(session: Session, vault: Vault, call_id: str) -> None:
    """The caller, the transcript and the draft of a call; that there was a call stays.

    Its recording is marked: whoever keeps the files deletes it.
    """
    vault.erase(session, call_id)
    session.flush()
    for model, key in ((CallRow, "id"), (SegmentRow, "call_id"), (DraftRow, "call_id")):
        table = SQLModel.metadata.tables[str(model.__tablename__)]
        _empty(session, table, table.c[key], call_id)
    recordings = update(RecordingRow).where(col(RecordingRow.call_id) == call_id)
    session.exec(recordings.values(erase=True))
    session.expire_all()


def _empty(session: Session, table: Table, key: Column[str], value: str) -> None:
    personal = list(_personal(table))
    if any(column.primary_key for column in personal):
        session.execute(delete(table).where(key == value))
    elif personal:
        values = {column.name: None if column.nullable else b"" for column in personal}
        session.execute(update(table).where(key == value).values(values))


def _personal(table: Table) -> Iterator[Column[object]]:
    return (
        column
        for column in table.columns
        if isinstance(column.type, LargeBinary) or column.name.endswith("_digest")
    )
