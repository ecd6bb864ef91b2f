"""Hearing the recording of a confidential matter: asked for, decided by another (article 39)."""

from __future__ import annotations

from fastapi import APIRouter

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked
from agent_console.routes.tickets import TicketNumber
from core.errors import NotFound
from core.loop.errors import ActForbidden, AskedAlready, NothingAsked, SecretContent
from core.loop.hearings import HearingAsked, HearingDecided, HearingView
from core.people.errors import OwnRequest
from core.policy.book import PolicyUnknown
from core.policy.calendar import YearUnknown
from core.store.vault import RecordErased

router = APIRouter(prefix="/api/tickets/{number}/hearings", tags=["hearings"])


@router.get("", responses=asked(NotFound, RecordErased))
async def requests(number: TicketNumber, parts: PartsOf, viewer: ViewerOf) -> list[HearingView]:
    """The viewer's own requests; for the hotline's heads everybody's."""
    return await parts.offices.hearings.requests(viewer, number)


@router.post(
    "",
    status_code=201,
    responses=asked(NotFound, ActForbidden, AskedAlready, SecretContent, RecordErased),
)
async def ask(
    number: TicketNumber, body: HearingAsked, parts: PartsOf, viewer: ViewerOf
) -> HearingView:
    """Ask to hear it, and say why."""
    return await parts.offices.hearings.ask(viewer, number, body)


@router.post(
    "/decision",
    responses=asked(
        NotFound, ActForbidden, OwnRequest, NothingAsked, PolicyUnknown, YearUnknown, RecordErased
    ),
)
async def decide(
    number: TicketNumber, body: HearingDecided, parts: PartsOf, viewer: ViewerOf
) -> HearingView:
    """By another head than the one who asks; granted for as long as the rules say."""
    return await parts.offices.hearings.decide(viewer, number, body)
