"""Joint meetings about tickets: called, held, resolved (article 21)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked, guarded
from core.errors import NotFound
from core.loop.acts import ACTS
from core.loop.acts.refusals import refusals
from core.loop.coordination import LARGEST
from core.loop.errors import (
    AccusedHandles,
    ActForbidden,
    ActOutOfOrder,
    AskedAlready,
    TooLate,
    UnitUnknown,
)
from core.loop.meetings import CallMeeting, HoldMeeting, ResolveMeeting
from core.loop.states import Act
from core.loop.views import MeetingView
from core.policy.book import PolicyUnknown

router = APIRouter(prefix="/api/meetings", tags=["meetings"])

MeetingId = Annotated[int, Path(ge=1, le=LARGEST)]


@router.post(
    "",
    status_code=201,
    responses=asked(
        NotFound, ActForbidden, ActOutOfOrder, UnitUnknown, AccusedHandles, TooLate, PolicyUnknown
    ),
)
async def call(body: CallMeeting, parts: PartsOf, viewer: ViewerOf) -> MeetingView:
    """Put tickets on the list of a meeting and invite units."""
    return await parts.offices.meetings.call(viewer, body)


@router.get("", responses=guarded(ActForbidden))
async def meetings(
    parts: PartsOf,
    viewer: ViewerOf,
    before: Annotated[int, Query(ge=1, le=LARGEST, description="Below this number.")] = LARGEST,
) -> list[MeetingView]:
    """The newest first, a page of fifty; units see those to which they are invited."""
    return [*await parts.offices.meetings.meetings(viewer, before)]


@router.get("/{meeting}", responses=asked(NotFound))
async def meeting(meeting: MeetingId, parts: PartsOf, viewer: ViewerOf) -> MeetingView:
    """For those who attend; the minutes are the hotline's and not the units'."""
    return await parts.offices.meetings.meeting(viewer, meeting)


@router.post("/{meeting}/minutes", responses=asked(NotFound, ActForbidden, AskedAlready))
async def hold(
    meeting: MeetingId, body: HoldMeeting, parts: PartsOf, viewer: ViewerOf
) -> MeetingView:
    """It took place."""
    return await parts.offices.meetings.hold(viewer, meeting, body)


@router.post("/{meeting}/resolutions", responses=asked(*refusals(ACTS[Act.RESOLVE])))
async def resolve(
    meeting: MeetingId, body: ResolveMeeting, parts: PartsOf, viewer: ViewerOf
) -> MeetingView:
    """What was resolved comes down to the tickets, all of it or nothing."""
    return await parts.offices.meetings.resolve(viewer, meeting, body)
