"""Calls as a console sees them, their drafts, and their submission as tickets."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Len
from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, StringConstraints

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked, guarded
from core.desk.drafts import DraftSubmitted, NotYours
from core.draft.draft import DraftFieldInvalid, DraftFieldUnknown
from core.errors import NotFound
from core.loop.errors import FieldUnknown
from core.people.errors import NoConsole
from core.policy.book import PolicyUnknown
from core.views import DraftView, SnapshotView, TicketView

router = APIRouter(prefix="/api", tags=["calls"])

CallId = Annotated[str, Path(pattern=r"^[0-9A-Za-z._-]{1,64}$")]
FieldKey = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


# No NUL: PostgreSQL has no place for it in a text.
Text = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]


class FieldValue(BaseModel):
    """``value`` has one of the forms that ``core.pack.form`` knows; None clears the field."""

    model_config = ConfigDict(extra="forbid", strict=True)

    value: Text | bool | Annotated[list[Text], Len(max_length=100)] | None


@router.get("/snapshot", responses=guarded(NoConsole))
async def snapshot(parts: PartsOf, viewer: ViewerOf) -> SnapshotView:
    return await parts.desk.snapshot(viewer)


@router.put(
    "/calls/{call_id}/draft/{field}",
    responses=asked(
        NotFound, NoConsole, NotYours, DraftSubmitted, DraftFieldUnknown, DraftFieldInvalid
    ),
)
async def set_field(
    call_id: CallId, field: FieldKey, body: FieldValue, parts: PartsOf, viewer: ViewerOf
) -> DraftView:
    """The agent sets one field; from then on no recogniser touches it."""
    return await parts.desk.set_field(viewer, call_id, field, body.value)


@router.post(
    "/calls/{call_id}/ticket",
    responses=asked(NotFound, NoConsole, NotYours, FieldUnknown, PolicyUnknown),
)
async def submit(call_id: CallId, parts: PartsOf, viewer: ViewerOf) -> TicketView:
    """Make the draft a ticket; twice gives the same ticket."""
    return await parts.desk.submit(viewer, call_id)
