"""More time (延期): asked before the limit ends, decided by the hotline, then one level higher."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.loop.acts.dispatching import main_part
from core.loop.acts.intake import Key, Text, Words
from core.loop.acts.registry import ActDef
from core.loop.dating import move_due
from core.loop.errors import HigherLevel, TooLate, TooOften, WayClosed
from core.loop.requests import POSTPONEMENT, ask, asked, decide
from core.loop.scene import Body, Outcome, Scene, known
from core.loop.states import Act
from core.people.roles import ABOVE
from core.policy.deadlines import postponed

HOTLINES, AUTHORITYS = 1, 2  # levels: who decides


class AskPostponement(Body):
    """``workdays`` beyond the day on which the limit ends now."""

    workdays: Annotated[int, Field(ge=1, le=1000)]
    reason: Key
    words: Words


def ask_postponement(scene: Scene, body: AskPostponement) -> Outcome:
    """Raises ``NotYourTask``, ``ReasonUnknown``; ``TooLate`` once the limit is over; ``TooOften``
    where it would be more than the rules give in all; ``AskedAlready``."""
    main_part(scene)
    ticket, rules = scene.ticket, scene.policy.limits.postponements
    reason = known(rules.reasons, body.reason)
    if ticket.handle_due is None or scene.now > ticket.handle_due:
        raise TooLate(kind=POSTPONEMENT)
    granted = sum(
        one.workdays
        for one in scene.rows.requests(scene.number, POSTPONEMENT)
        if one.state == "granted"
    )
    if granted + body.workdays > rules.most.amount:
        raise TooOften("more than the rules give in all", left=rules.most.amount - granted)
    level = HOTLINES if ticket.postponements < rules.approvals.times else AUTHORITYS
    ask(scene, POSTPONEMENT, reason.key, body.words, workdays=body.workdays, level=level)
    return Outcome(
        reason=reason.key,
        words=body.words,
        details={"workdays": body.workdays, "level": level},
    )


class DecidePostponement(Body):
    granted: bool
    words: Text = ""


def decide_postponement(scene: Scene, body: DecidePostponement) -> Outcome:
    """Refused: nothing changes. Granted: the limit and every open part end later.

    Raises ``NothingAsked``; ``HigherLevel`` where the hotline has granted what it may.
    """
    ticket, request = scene.ticket, asked(scene, POSTPONEMENT)
    if request.level == AUTHORITYS and scene.viewer.role not in ABOVE:
        raise HigherLevel(level=request.level)
    if ticket.handle_due is None:
        raise WayClosed("it has no limit", number=scene.number)
    decide(scene, request, body.granted)
    details: dict[str, object] = {
        "granted": body.granted,
        "workdays": request.workdays,
        "level": request.level,
    }
    if body.granted:
        before = ticket.handle_due
        ticket.postponements += 1
        move_due(scene, postponed(scene.policy.calendar, before, request.workdays))
        ticket.handle_unit = "workdays"  # it ends with a working day now, whatever it began as
        request.until = ticket.handle_due
        end = scene.day(ticket.handle_due)
        scene.tell("postponed", handle_due=end)
        details |= {"before": scene.day(before), "handle_due": end}
    return Outcome(reason=request.reason, words=body.words or None, details=details)


POSTPONING = (
    ActDef(Act.ASK_POSTPONEMENT, AskPostponement, ask_postponement),
    ActDef(Act.DECIDE_POSTPONEMENT, DecidePostponement, decide_postponement),
)
