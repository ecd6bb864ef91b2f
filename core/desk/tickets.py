"""What a call's draft needs of tickets: those of its caller that are still open."""

from __future__ import annotations

from pydantic import JsonValue
from sqlmodel import Session

from core.desk.records import Records
from core.draft import OpenTicket
from core.store.tables import CallRow, TicketRow


def history_of(session: Session, records: Records, call: CallRow) -> tuple[OpenTicket, ...]:
    """The caller's open tickets as the draft's rules need them."""
    views = [
        records.ticket(session, session.get_one(TicketRow, number))
        for number in records.open_tickets(session, call)
    ]
    return tuple(
        OpenTicket(
            number=view.number,
            title=_text(view.fields.get("title")) or "",
            category=_texts(view.fields.get("category")),
            district=_text(view.fields.get("district")),
            address=_text(view.fields.get("address")),
            created_at=view.created_at,
        )
        for view in views
    )


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(part) for part in value) if isinstance(value, list) else ()
