"""A joint meeting's resolution comes down to the ticket: a unit, a date, supervision anew (21)."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, model_validator

from core.loop.acts.intake import Key, Moment, Words
from core.loop.acts.registry import ActDef
from core.loop.coordination import LARGEST, Coordination
from core.loop.dating import move_due
from core.loop.errors import AskedAlready, NothingAsked, TooLate, WayClosed
from core.loop.handover import hand_over
from core.loop.scene import Body, Outcome, Scene
from core.loop.states import Act, TicketState


class Resolve(Body):
    """What meeting number ``meeting`` resolved: a designated unit, a new date, or both."""

    meeting: int = Field(ge=1, le=LARGEST)
    unit: Key | None = None
    handle_due: Moment | None = None
    words: Words

    @model_validator(mode="after")
    def _something(self) -> Resolve:
        if self.unit is None and self.handle_due is None:
            raise ValueError("a resolution names a unit or a date")
        return self


def resolve(scene: Scene, body: Resolve) -> Outcome:
    """Only what a meeting that was held has on its list, and once.

    Raises ``NothingAsked``, ``AskedAlready``, ``TooLate``, ``WayClosed`` and what the hand-over
    refuses.
    """
    ticket, coordination = scene.ticket, Coordination(scene.rows.session)
    meeting = coordination.meeting(body.meeting)
    item = coordination.item(body.meeting, ticket.number)
    if meeting is None or meeting.held_at is None or item is None:
        raise NothingAsked("no meeting held on it", meeting=body.meeting)
    if item.resolved_at is not None:
        raise AskedAlready(meeting=body.meeting)
    if body.handle_due is not None and body.handle_due <= scene.now:
        raise TooLate("the date is over already", meeting=body.meeting)
    target, details = scene.state, {}
    if body.unit is not None:
        target, details = TicketState.DISPATCHED, hand_over(scene, body.unit, body.handle_due)
    elif body.handle_due is not None:
        details = _date_anew(scene, body.handle_due)
    item.unit, item.due, item.resolved_at = ticket.unit, ticket.handle_due, scene.now
    scene.rows.add(item)
    scene.tell("resolved", unit=ticket.unit, handle_due=scene.day(ticket.handle_due))
    return Outcome(target, words=body.words, details={"meeting": body.meeting, **details})


def _date_anew(scene: Scene, end: datetime) -> dict[str, object]:
    """The same unit until another day; the ladder begins at its foot."""
    if scene.state not in (TicketState.DISPATCHED, TicketState.SIGNED):
        raise WayClosed("no clock runs that could be set", state=scene.state.value)
    scene.ticket.ladder += 1
    move_due(scene, end)
    return {"unit": scene.ticket.unit, "handle_due": scene.day(end)}


RESOLVING = (ActDef(Act.RESOLVE, Resolve, resolve),)
