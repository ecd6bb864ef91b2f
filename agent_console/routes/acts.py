"""What people do to a ticket: one documented operation for each act of the closed loop.

The operations are made from ``core.loop.acts.ACTS``, so a new act has its address, its form, its
article and its errors in the published document without a line here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import cleandoc
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi import Body as JsonBody

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked
from agent_console.routes.tickets import TicketNumber
from core.loop.acts import ACTS, ActDef
from core.loop.acts.refusals import refusals
from core.loop.scene import Body
from core.loop.states import MOVES, Act
from core.loop.views import TicketDetail
from core.people.roles import Role

router = APIRouter(prefix="/api/tickets/{number}/acts", tags=["acts"])

Expected = Annotated[
    int | None,
    Header(
        ge=0,
        le=2**31 - 1,
        description="The version of the ticket that was looked at: `version_stale` if it is over.",
    ),
]


def offered() -> list[ActDef]:
    """The acts of people; the clock's own are not offered."""
    return [known for act, known in ACTS.items() if MOVES[act].roles != {Role.SYSTEM}]


def _endpoint(act: Act, form: type[Body]) -> Callable[..., Awaitable[TicketDetail]]:
    """An empty form need not be sent."""

    async def endpoint(
        number: TicketNumber,
        parts: PartsOf,
        viewer: ViewerOf,
        body: Any,
        expected_version: Expected = None,
    ) -> TicketDetail:
        given = body.model_dump(exclude_unset=True)
        return await parts.offices.work.perform(viewer, number, act, given, expected_version)

    endpoint.__annotations__["body"] = Annotated[form, JsonBody()]
    if not any(field.is_required() for field in form.model_fields.values()):
        endpoint.__defaults__ = (form(), None)
    return endpoint


def _described(known: ActDef) -> str:
    """What the act does, by which article, who may do it, and from which state to which."""
    move = MOVES[known.act]
    said = [cleandoc(part.__doc__) for part in (known.run, known.body) if part.__doc__]
    targets = ", ".join(sorted(move.targets)) or "(unchanged)"
    return "\n\n".join(
        [
            *said,
            f"- article: {move.article}\n- roles: {', '.join(sorted(move.roles))}\n"
            f"- from: {', '.join(sorted(move.sources))}\n- to: {targets}",
        ]
    )


for _known in offered():
    router.add_api_route(
        f"/{_known.act}",
        _endpoint(_known.act, _known.body),
        methods=["POST"],
        name=_known.act.value,
        summary=f"{_known.act.value} (article {MOVES[_known.act].article})",
        description=_described(_known),
        responses=asked(*refusals(_known)),
        openapi_extra={"x-article": MOVES[_known.act].article},
    )
