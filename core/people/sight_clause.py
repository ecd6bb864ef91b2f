"""``core.people.sight`` as a condition on tickets, for lists and counts. Both say the same."""

from __future__ import annotations

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, exists, false, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import col

from core.people.roles import ABOVE, HOTLINE, UNITS, Role
from core.people.sight import AGENTS_SEE_UP_TO
from core.ports import Viewer
from core.store.loop_tables import TaskRow
from core.store.tables import TicketRow

_COUNTY: SQLColumnExpression[str] = col(TicketRow.county)


def seen_by(
    viewer: Viewer, county: SQLColumnExpression[str] = _COUNTY
) -> SQLColumnExpression[bool]:
    """True of the tickets that exist for the viewer (see ``core.people.sight.sees``).

    ``county``: how the ticket's is read, where an index for it would mislead.
    """
    if viewer.role == Role.SYSTEM:
        return true()
    if viewer.role in UNITS:
        part = aliased(TaskRow)  # the statement around it may look at parts itself
        has_part = exists().where(
            col(part.number) == col(TicketRow.number), *parts_of(viewer, part)
        )
        return and_(has_part, col(TicketRow.accused) != viewer.unit)
    if viewer.role not in HOTLINE | ABOVE | {Role.AUDITOR}:
        return false()
    place = county == viewer.county if viewer.county else true()
    if viewer.role == Role.AGENT:
        level = col(TicketRow.secrecy) <= AGENTS_SEE_UP_TO
        return and_(place, or_(level, col(TicketRow.agent) == viewer.agent))
    return place


def parts_of(viewer: Viewer, part: type[TaskRow] = TaskRow) -> tuple[ColumnElement[bool], ...]:
    """The parts of tickets that the viewer's unit has and still holds; nobody's unit has none."""
    if viewer.unit == "":
        return (false(),)
    return (col(part.unit) == viewer.unit, col(part.state) != "withdrawn")
