"""A unit gives a ticket back (退单), the hotline decides, and in the end designates (16, 17).

The clock runs on while that is undecided and the unit stays responsible; who had it first is never
changed.
"""

from __future__ import annotations

from datetime import datetime

from core.loop.acts.dispatching import choose, main_part, send
from core.loop.acts.intake import Key, Words
from core.loop.acts.registry import ActDef
from core.loop.errors import AskedAlready, TooLate, TooOften, WayClosed
from core.loop.requests import RETURN, ask, asked, decide
from core.loop.scene import Body, Outcome, Scene, known
from core.loop.states import Act, TicketState
from core.policy.deadlines import due
from core.store.loop_tables import TaskRow


class AskReturn(Body):
    """``reason`` is a key of the rules; ``words`` say why it is not this unit's."""

    reason: Key
    words: Words


def ask_return(scene: Scene, body: AskReturn) -> Outcome:
    """Once a dispatch, within the term that begins with it, until the hotline has designated.

    Raises ``NotYourTask``, ``ReasonUnknown``, ``TooOften``, ``WayClosed``, ``TooLate``,
    ``AskedAlready``.
    """
    task, rules = main_part(scene), scene.policy.limits.returns
    reason = known(rules.reasons, body.reason)
    if scene.ticket.dispatches >= rules.dispatches.times:
        raise TooOften(times=scene.ticket.dispatches)
    if scene.ticket.designated:
        raise WayClosed("a designated unit does not give it back", number=scene.number)
    end = _term(scene, task)
    if scene.now > end:
        raise TooLate(term=end.isoformat())
    if any(
        one.unit == task.unit and one.asked_at >= task.given_at
        for one in scene.rows.requests(scene.number, RETURN)
    ):
        raise AskedAlready(kind=RETURN)
    ask(scene, RETURN, reason.key, body.words)
    return Outcome(reason=reason.key, words=body.words, details={"unit": task.unit})


class DecideReturn(Body):
    """Granted: to ``unit``, or without one to whom the directory names now. ``words`` say why."""

    granted: bool
    unit: Key | None = None
    words: Words


def decide_return(scene: Scene, body: DecideReturn) -> Outcome:
    """Refused: nothing changes. Granted: another unit has it, dated from its own dispatch; if that
    was the last one that the rules allow, the unit is designated by it.

    Raises ``NothingAsked``; ``WayClosed`` when that is no other unit; what dispatching refuses.
    """
    ticket, request = scene.ticket, asked(scene, RETURN)
    decide(scene, request, body.granted)
    details: dict[str, object] = {"granted": body.granted, "from": ticket.unit}
    if not body.granted:
        scene.tell("return_refused", unit=ticket.unit, handle_due=scene.day(ticket.handle_due))
        return Outcome(reason=request.reason, words=body.words, details=details)
    unit, proposal = choose(scene, body.unit, body.words)
    if unit == ticket.unit:
        raise WayClosed("this is the unit that gives it back; name another one", unit=unit)
    scene.tell("return_granted", unit=ticket.unit)
    details |= send(scene, unit, proposal)
    ticket.returns += 1
    if ticket.dispatches >= scene.policy.limits.returns.dispatches.times:
        _set_designated(scene, unit)
        details["designated"] = True
    return Outcome(TicketState.DISPATCHED, reason=request.reason, words=body.words, details=details)


class Designate(Body):
    """``unit`` None: the one that has it keeps it. ``words`` say why it is that one's."""

    unit: Key | None = None
    words: Words


def designate(scene: Scene, body: Designate) -> Outcome:
    """The hotline's last word. Whoever has it already keeps its dates too.

    Raises ``WayClosed`` while the unit may still give it back or has asked to, and when nothing
    would change; what dispatching refuses.
    """
    ticket = scene.ticket
    if scene.rows.open_request(scene.number, RETURN) is not None or _may_return(scene):
        raise WayClosed("the unit may still give it back", number=scene.number)
    unit, proposal = choose(scene, body.unit or ticket.unit, body.words)
    if unit == ticket.unit:
        if ticket.designated:
            raise WayClosed("it is designated already", unit=unit)
        _set_designated(scene, unit)
        return Outcome(words=body.words, details={"unit": unit})
    details = send(scene, unit, proposal)
    _set_designated(scene, unit)
    return Outcome(TicketState.DISPATCHED, words=body.words, details=details)


def _set_designated(scene: Scene, unit: str) -> None:
    scene.ticket.designated = True
    scene.tell("designated", unit=unit)


def _may_return(scene: Scene) -> bool:
    task, times = scene.rows.main_task(scene.number), scene.policy.limits.returns.dispatches.times
    return (
        task is not None
        and not scene.ticket.designated
        and scene.ticket.dispatches < times
        and scene.now <= _term(scene, task)
    )


def _term(scene: Scene, task: TaskRow) -> datetime:
    """Until when the unit may give back what it was given."""
    return due(scene.policy.calendar, task.given_at, scene.policy.limits.returns.within)


RETURNING = (
    ActDef(Act.ASK_RETURN, AskReturn, ask_return),
    ActDef(Act.DECIDE_RETURN, DecideReturn, decide_return),
    ActDef(Act.DESIGNATE, Designate, designate),
)
