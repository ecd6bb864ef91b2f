"""Whose tickets a person sees (articles 4 to 6, 39): by role, county, unit and secrecy."""

from __future__ import annotations

from collections.abc import Sequence

from core.people.roles import ABOVE, HOTLINE, UNITS, Role
from core.ports import Viewer
from core.store.loop_tables import TaskRow
from core.store.tables import TicketRow

# An agent looks up any ticket that a caller asks about, up to this level of secrecy.
AGENTS_SEE_UP_TO = 1


def sees(viewer: Viewer, ticket: TicketRow, tasks: Sequence[TaskRow]) -> bool:
    """Whether the ticket exists for the viewer at all.

    A county's people see their county's, a unit's people what their unit has a part in - never
    what is told against them -, the city's hotline sees all. An auditor sees that it exists and
    what was decided, never its text (``core.loop.secrecy``).
    """
    if viewer.role == Role.SYSTEM:
        return True
    if viewer.role in UNITS:
        mine = viewer.unit != "" and any(task.unit == viewer.unit for task in tasks)
        return mine and ticket.accused != viewer.unit
    if viewer.county and viewer.county != ticket.county:
        return False
    if viewer.role == Role.AGENT:
        return ticket.secrecy <= AGENTS_SEE_UP_TO or ticket.agent == viewer.agent
    return viewer.role in HOTLINE | ABOVE | {Role.AUDITOR}


def hears_all(viewer: Viewer) -> bool:
    """Whether every call is the viewer's to see, not only his own: the head of the whole hotline.

    A call has no county, so a county's head has his own ones only.
    """
    return viewer.role == Role.SUPERVISOR and not viewer.county
