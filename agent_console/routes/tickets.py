"""Tickets: registered by hand, listed and searched, read with their history, and their form."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Len
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked, guarded
from core.errors import NotFound
from core.loop.acts.intake import Key, Moment, Value
from core.loop.errors import ActForbidden, FieldUnknown
from core.loop.parts import PartView
from core.loop.query import LONGEST_TEXT, MOST, QueryInvalid
from core.loop.repeats import Repeat
from core.loop.views import StepView, TicketDetail, TicketPage
from core.pack.form import FormField
from core.policy.book import PolicyUnknown
from core.policy.calendar import YearUnknown
from core.ports import TicketQuery
from core.store.vault import RecordErased

router = APIRouter(prefix="/api", tags=["tickets"])

TicketNumber = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,40}$")]

Word = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00]*$")]
Words = Annotated[tuple[Word, ...], Len(max_length=20)]


class Registration(BaseModel):
    """Fields of the form (``GET /api/form``); an incomplete ticket may be registered."""

    model_config = ConfigDict(extra="forbid")

    fields: Annotated[dict[Key, Value], Len(1, 50)]


class ListQuery(BaseModel):
    """Everything that is given must hold; a list holds if one of its values does."""

    model_config = ConfigDict(extra="forbid")

    open: Annotated[bool | None, Field(description="False: archived ones only.")] = None
    states: Words = ()
    types: Words = ()
    urgencies: Words = ()
    subjects: Words = ()
    category: Annotated[
        str, Field(pattern=r"^([0-9]{2}){0,3}$", description="A code or its beginning.")
    ] = ""
    county: Annotated[str, Field(pattern=r"^([0-9]{6})?$")] = ""
    unit: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,39})?$")] = ""
    created_from: Moment | None = None
    created_before: Moment | None = None
    due_before: Moment | None = None
    phone: Annotated[
        str,
        Field(
            max_length=40,
            pattern=r"^[^\x00]*$",
            description="The caller's or the contact's number, in any spelling.",
        ),
    ] = ""
    text: Annotated[str, Field(max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")] = ""
    after: Annotated[
        str, Field(pattern=r"^[\x21-\x7e]{0,200}$", description="Where the page before ended.")
    ] = ""
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50


@router.post(
    "/tickets", status_code=201, responses=asked(ActForbidden, FieldUnknown, PolicyUnknown)
)
async def register(body: Registration, parts: PartsOf, viewer: ViewerOf) -> TicketDetail:
    """Register a ticket by hand, without a call (article 10)."""
    fields: dict[str, Any] = dict(body.fields)
    return await parts.offices.work.register(viewer, fields)


@router.get("/tickets", responses=asked(ActForbidden, QueryInvalid))
async def tickets(
    query: Annotated[ListQuery, Query()], parts: PartsOf, viewer: ViewerOf
) -> TicketPage:
    """The tickets that the viewer may see, a page at a time, the newest first."""
    return await parts.offices.work.tickets(viewer, TicketQuery(**query.model_dump()))


@router.get("/tickets/{number}", responses=asked(NotFound, ActForbidden, RecordErased))
async def ticket(number: TicketNumber, parts: PartsOf, viewer: ViewerOf) -> TicketDetail:
    """A ticket with its form, masked for the viewer, and what he may do to it now."""
    return await parts.offices.work.detail(viewer, number)


@router.get("/tickets/{number}/history", responses=asked(NotFound, ActForbidden, RecordErased))
async def history(number: TicketNumber, parts: PartsOf, viewer: ViewerOf) -> list[StepView]:
    """Every step: who, when, by which article and by which version of the rules."""
    return await parts.offices.work.history(viewer, number)


@router.get(
    "/tickets/{number}/repeats", responses=asked(NotFound, ActForbidden, PolicyUnknown, YearUnknown)
)
async def repeats(number: TicketNumber, parts: PartsOf, viewer: ViewerOf) -> list[Repeat]:
    """Earlier tickets that it may belong to, the likeliest first: for a person to decide."""
    return [*await parts.offices.work.repeats(viewer, number)]


@router.get("/tickets/{number}/parts", responses=asked(NotFound, PolicyUnknown))
async def units_parts(number: TicketNumber, parts: PartsOf, viewer: ViewerOf) -> list[PartView]:
    """Which units have a part in it and how far they are (article 18)."""
    return [*await parts.offices.work.parts(viewer, number)]


@router.get("/form", responses=guarded())
async def form(parts: PartsOf, _: ViewerOf) -> list[FormField]:
    """The fields of the ticket form, in order."""
    return list(parts.form().fields)
