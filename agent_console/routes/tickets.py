"""Tickets by number, and the form that they are written on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from agent_console.parts import PartsOf, ViewerOf
from core.pack.form import FormField
from core.views import TicketView

router = APIRouter(prefix="/api", tags=["tickets"])

TicketNumber = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,40}$")]


@router.get("/tickets/{number}")
async def ticket(number: TicketNumber, parts: PartsOf, viewer: ViewerOf) -> TicketView:
    return await parts.desk.ticket(viewer, number)


@router.get("/form")
async def form(parts: PartsOf, _: ViewerOf) -> list[FormField]:
    """The fields of the ticket form, in order."""
    return list(parts.form.fields)
