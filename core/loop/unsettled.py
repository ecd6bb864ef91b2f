"""What of a ticket is open: requests and problems to decide, feedback that is owed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, literal_column
from sqlmodel import Session, and_, col, select

from core.loop.requests import POSTPONEMENT, RETURN, SUSPENSION, TERMINATION
from core.loop.responsibility import name_of
from core.loop.states import Act
from core.loop.views import WaitingLine
from core.pack import CityPack
from core.store.loop_tables import ProblemRow, RequestRow, SupervisionRow
from core.store.tables import TicketRow

REVIEW, PROBLEM, FEEDBACK = "review", "problem", "feedback"
# By what act a request is settled; a hearing's has its own desk (core.loop.hearings).
SETTLES: Mapping[str, Act] = {
    RETURN: Act.DECIDE_RETURN,
    POSTPONEMENT: Act.DECIDE_POSTPONEMENT,
    SUSPENSION: Act.DECIDE_SUSPENSION,
    TERMINATION: Act.DECIDE_TERMINATION,
    REVIEW: Act.REVIEW_REFUSAL,
}

Open = RequestRow | ProblemRow | SupervisionRow

# Written out, not a parameter: only so is the partial index on what is open sure to be used.
TABLES: tuple[tuple[Any, Any, ColumnElement[bool]], ...] = (
    (RequestRow, col(RequestRow.asked_at), col(RequestRow.state) == literal_column("'open'")),
    (ProblemRow, col(ProblemRow.raised_at), col(ProblemRow.state) == literal_column("'open'")),
    (
        SupervisionRow,
        col(SupervisionRow.at),
        and_(
            col(SupervisionRow.feedback_due).is_not(None),
            col(SupervisionRow.feedback_at).is_(None),
        ),
    ),
)


def of_ticket(
    session: Session, ticket: TicketRow, pack: CityPack, now: datetime
) -> tuple[WaitingLine, ...]:
    """All that is open about one ticket, the oldest first."""
    found: list[Open] = []
    for row, _, is_open in TABLES:
        found += session.exec(select(row).where(row.number == ticket.number, is_open))
    return tuple(
        line(one, ticket.unit, pack, now)
        for one in sorted(found, key=asked_at)
        if not isinstance(one, RequestRow) or one.kind in SETTLES
        if not isinstance(one, SupervisionRow) or one.unit == ticket.unit
    )


def line(row: Open, holder: str, pack: CityPack, now: datetime) -> WaitingLine:
    """``holder`` has the ticket: whose problem it is, whoever raised it."""
    unit, due, kind = holder, None, PROBLEM
    if isinstance(row, RequestRow):
        unit, kind = row.unit, row.kind
    elif isinstance(row, SupervisionRow):
        unit, due, kind = row.unit, row.feedback_due, FEEDBACK
    else:
        due = row.due
    return WaitingLine(
        number=row.number,
        kind=kind,
        unit=unit,
        unit_name=name_of(pack, unit),
        asked_at=asked_at(row),
        due=due,
        overdue=due is not None and due < now,
    )


def asked_at(row: Open) -> datetime:
    if isinstance(row, RequestRow):
        return row.asked_at
    return row.raised_at if isinstance(row, ProblemRow) else row.at
