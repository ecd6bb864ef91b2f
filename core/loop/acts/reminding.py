"""What the clock reminds of: one function a kind of timer; others may add theirs (12 to 26)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import StringConstraints

from core.loop.acts.intake import Key
from core.loop.acts.registry import ActDef
from core.loop.coordination import Coordination
from core.loop.dating import ASSIST_DUE, FEEDBACK_DUE, FOLLOW_UP_DUE
from core.loop.errors import NotDue
from core.loop.scene import Body, Outcome, Scene
from core.loop.states import MOVES, WITH_UNIT, Act, TicketState
from core.policy.deadlines import due

SUSPENSION_REVIEW = "suspension_review"
PROBLEM_DUE = "problem_due"


class Due(Body):
    """A timer's kind: what it is about and, behind a colon, which one of these."""

    about: Key
    key: Annotated[str, StringConstraints(max_length=40)] = ""


def remind(scene: Scene, body: Due) -> Outcome:
    """Raises ``NotDue`` when there is nothing left to remind of."""
    details = REMINDERS[body.about](scene, body.key)
    return Outcome(reason=body.about, details=details)


def review_suspension(scene: Scene, key: str) -> dict[str, Any]:
    """Again and again, as long as the clock is stopped and nobody has looked at it."""
    if scene.state is not TicketState.SUSPENDED:
        raise NotDue(about=SUSPENSION_REVIEW)
    scene.tell("suspension_review", unit=scene.ticket.unit)
    again = due(scene.policy.calendar, scene.now, scene.policy.limits.suspensions.review)
    scene.rows.void_timers(scene.number, [SUSPENSION_REVIEW])
    scene.rows.set_timer(scene.number, SUSPENSION_REVIEW, again, scene.ticket.version)
    return {"again": scene.day(again)}


def follow_up(scene: Scene, key: str) -> dict[str, Any]:
    """Nobody has reached the caller in the term that there is for it (38)."""
    if scene.state not in MOVES[Act.FOLLOW_UP].sources:
        raise NotDue(about=FOLLOW_UP_DUE)
    attempts = scene.rows.follow_ups(scene.number, scene.ticket.redone)
    return {"attempts": len(attempts)}


def decide_problem(scene: Scene, key: str) -> dict[str, Any]:
    """Raising it further is a person's act; that it is late is told to who has it (27)."""
    problem = Coordination(scene.rows.session).open_problem(scene.number)
    if problem is None or scene.state not in WITH_UNIT or scene.now < problem.due:
        raise NotDue(about=PROBLEM_DUE)
    level = scene.policy.supervision.levels[problem.level - 1]
    if level.role != "supervisor":  # the hotline's own sees it in his lists
        scene.tell(f"problem_overdue_{level.role}")
    return {"level": problem.level, "role": level.role}


def feed_back(scene: Scene, rung: str) -> dict[str, Any]:
    """A supervised unit owes its word (37)."""
    row = scene.rows.open_feedback(scene.number, rung, scene.ticket.unit)
    if row is None or scene.state not in MOVES[Act.FEED_BACK].sources:
        raise NotDue(about=FEEDBACK_DUE)
    known = scene.policy.supervision.rung(rung)
    scene.tell("feedback_due", unit=row.unit, rung=known.name if known else rung)
    return {"rung": rung, "round": row.round}


def assist(scene: Scene, unit: str) -> dict[str, Any]:
    """An assisting unit's own date is over (18)."""
    part = scene.rows.task_of(scene.number, unit)
    if part is None or part.part != "assist" or part.state == "done":
        raise NotDue(about="assist_due")
    scene.tell("assist_due", unit=unit)
    return {"unit": unit}


REMINDERS: Mapping[str, Callable[[Scene, str], dict[str, Any]]] = {
    SUSPENSION_REVIEW: review_suspension,
    FOLLOW_UP_DUE: follow_up,
    PROBLEM_DUE: decide_problem,
    FEEDBACK_DUE: feed_back,
    ASSIST_DUE.rstrip(":"): assist,
}

REMINDING = (ActDef(Act.REMIND, Due, remind),)
