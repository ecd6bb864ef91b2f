"""Which call a ticket was told in, and which tickets a call is about: also what was split off."""

from __future__ import annotations

from sqlmodel import Session, select

from core.loop.repository import LoopRepository
from core.loop.states import Act
from core.store.tables import TicketRow


def call_of(session: Session, ticket: TicketRow) -> str | None:
    """The id of the ticket's call; of one that was split off its origin's. None: by hand."""
    rows, found = LoopRepository(session), ticket
    while found.call_id is None:
        registered = rows.steps(found.number, Act.REGISTER)
        origin = registered[0].details.get("from") if registered else None
        before = rows.ticket(origin) if origin is not None else None
        if before is None:
            return None
        found = before
    return found.call_id


def about_call(session: Session, call_id: str) -> list[TicketRow]:
    """The ticket of the call, and after it whatever was split off from it, or from that."""
    rows = LoopRepository(session)
    query = select(TicketRow).where(TicketRow.call_id == call_id)
    found = [*session.exec(query)]
    for ticket in found:  # grows as we go
        for step in rows.steps(ticket.number, Act.SPLIT):
            parts = (rows.ticket(number) for number in step.details["into"])
            found += [part for part in parts if part is not None]
    return found


def at_work(session: Session, call_id: str, but: str = "") -> bool:
    """Whether a ticket about the call, other than ``but``, is not archived yet."""
    return any(ticket.open and ticket.number != but for ticket in about_call(session, call_id))
