"""Who has seen a ticket, and whether the log of it is whole (articles 39, 46, 48)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked, guarded
from agent_console.routes.tickets import TicketNumber
from core.errors import NotFound
from core.loop.coordination import LARGEST
from core.people.access import Verdict
from core.people.audit import AccessLine
from core.people.errors import LogClosed

router = APIRouter(prefix="/api/audit", tags=["audit"])

After = Annotated[
    int, Query(ge=0, le=LARGEST, description="The last line (`seq`) of the page before.")
]


@router.get("/tickets/{number}", responses=asked(NotFound, LogClosed))
async def who_saw(
    number: TicketNumber, parts: PartsOf, viewer: ViewerOf, after: After = 0
) -> list[AccessLine]:
    """Up to 500 lines about the ticket, refused attempts too."""
    return await parts.offices.audit.who_saw(viewer, number, after)


@router.get("/verdict", responses=guarded(LogClosed))
async def verify(parts: PartsOf, viewer: ViewerOf) -> Verdict:
    """Walk the whole log: how many lines are whole, and where it first breaks."""
    return await parts.offices.audit.verify(viewer)
