"""What an agent asks of the switchboard for himself; what came of it arrives as an event."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints

from agent_console.parts import PartsOf, TelephoneViewerOf
from agent_console.problems import guarded
from core.errors import Conflict, Invalid, NotFound, Unavailable
from core.people.errors import NoConsole

# The switchboard has errors of its own under each of these.
TELEPHONE = (NotFound, Conflict, Unavailable)

router = APIRouter(
    prefix="/api/agents/me",
    tags=["agents"],
    responses=guarded(NoConsole, elsewhere=TELEPHONE),
)


class Pause(BaseModel):
    """``reason`` goes to Asterisk as it is: one short line, no control characters."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f,|]{1,40}$")
    ]


@router.post("/sign-in", status_code=204)
async def sign_in(parts: PartsOf, viewer: TelephoneViewerOf) -> None:
    await parts.switchboard.sign_in(viewer.agent)


@router.post("/sign-out", status_code=204)
async def sign_out(parts: PartsOf, viewer: TelephoneViewerOf) -> None:
    await parts.switchboard.sign_out(viewer.agent)


@router.post(
    "/pause", status_code=204, responses=guarded(NoConsole, elsewhere=(Invalid, *TELEPHONE))
)
async def pause(body: Pause, parts: PartsOf, viewer: TelephoneViewerOf) -> None:
    await parts.switchboard.pause(viewer.agent, body.reason)


@router.post("/resume", status_code=204)
async def resume(parts: PartsOf, viewer: TelephoneViewerOf) -> None:
    """Back to work from a pause or from wrap-up."""
    await parts.switchboard.resume(viewer.agent)
