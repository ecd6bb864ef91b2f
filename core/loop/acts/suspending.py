"""Suspension (中止): the only thing that stops a unit's clock; reviewed until it is resumed."""

from __future__ import annotations

from core.loop.acts.dispatching import main_part
from core.loop.acts.intake import Key, Text, Words
from core.loop.acts.registry import ActDef
from core.loop.acts.reminding import SUSPENSION_REVIEW
from core.loop.dating import move_due, stop_ladder, unit_of
from core.loop.errors import WayClosed
from core.loop.requests import SUSPENSION, ask, asked, decide
from core.loop.scene import Body, Outcome, Scene, known
from core.loop.states import Act, TicketState
from core.policy.deadlines import due, left, resumed


class AskSuspension(Body):
    reason: Key
    words: Words


def ask_suspension(scene: Scene, body: AskSuspension) -> Outcome:
    """The clock runs on until it is granted.

    Raises ``NotYourTask``, ``ReasonUnknown``, ``AskedAlready``.
    """
    main_part(scene)
    reason = known(scene.policy.limits.suspensions.reasons, body.reason)
    ask(scene, SUSPENSION, reason.key, body.words)
    return Outcome(reason=reason.key, words=body.words)


class DecideSuspension(Body):
    granted: bool
    words: Text = ""


def decide_suspension(scene: Scene, body: DecideSuspension) -> Outcome:
    """Refused: nothing changes. Granted: the clock stops, and the first review is set.

    Raises ``NothingAsked``.
    """
    ticket, request = scene.ticket, asked(scene, SUSPENSION)
    decide(scene, request, body.granted)
    if not body.granted:
        return Outcome(reason=request.reason, words=body.words or None, details={"granted": False})
    if ticket.handle_due is None:
        raise WayClosed("it has no limit", number=scene.number)
    ticket.suspended_at = scene.now
    ticket.left = left(scene.policy.calendar, scene.now, ticket.handle_due, unit_of(ticket))
    stop_ladder(scene)
    reason = known(scene.policy.limits.suspensions.reasons, request.reason)
    scene.tell("suspended", reason=reason.name)
    return Outcome(
        TicketState.SUSPENDED,
        reason=reason.key,
        words=body.words or None,
        details={
            "granted": True,
            "left": ticket.left,
            "unit": ticket.handle_unit,
            "review": _review_later(scene),
        },
    )


class ReviewSuspension(Body):
    """It has been looked at, and the reason still holds; ``words`` say what was found."""

    words: Words


def review_suspension(scene: Scene, body: ReviewSuspension) -> Outcome:
    """The next review is set, counted from this one."""
    return Outcome(words=body.words, details={"review": _review_later(scene)})


def _review_later(scene: Scene) -> str:
    at = due(scene.policy.calendar, scene.now, scene.policy.limits.suspensions.review)
    scene.rows.void_timers(scene.number, [SUSPENSION_REVIEW])
    scene.rows.set_timer(scene.number, SUSPENSION_REVIEW, at, scene.ticket.version)
    return scene.day(at)


class Resume(Body):
    words: Text = ""


def resume(scene: Scene, body: Resume) -> Outcome:
    """The clock goes on with what was left of it."""
    ticket = scene.ticket
    scene.rows.void_timers(scene.number, [SUSPENSION_REVIEW])
    move_due(scene, resumed(scene.policy.calendar, scene.now, ticket.left, unit_of(ticket)))
    ticket.suspended_at = None
    ticket.left = 0
    end = scene.day(ticket.handle_due)
    scene.tell("resumed", handle_due=end)
    return Outcome(TicketState.SIGNED, words=body.words or None, details={"handle_due": end})


SUSPENDING = (
    ActDef(Act.ASK_SUSPENSION, AskSuspension, ask_suspension),
    ActDef(Act.DECIDE_SUSPENSION, DecideSuspension, decide_suspension),
    ActDef(Act.REVIEW_SUSPENSION, ReviewSuspension, review_suspension),
    ActDef(Act.RESUME, Resume, resume),
)
