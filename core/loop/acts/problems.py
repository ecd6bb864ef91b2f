"""Hard problems go up, level by level, each with a term and an opinion (article 27)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from core.loop.acts.dispatching import main_part
from core.loop.acts.intake import Key, Words
from core.loop.acts.registry import ActDef
from core.loop.acts.reminding import PROBLEM_DUE
from core.loop.coordination import Coordination
from core.loop.errors import AskedAlready, HigherLevel, NothingAsked, WayClosed
from core.loop.handover import hand_over
from core.loop.scene import Body, Outcome, Scene
from core.loop.states import Act, TicketState
from core.people.roles import UNITS
from core.policy.deadlines import due
from core.store.loop_tables import ProblemRow


class RaiseProblem(Body):
    """Why this cannot be solved where it is."""

    words: Words


def raise_problem(scene: Scene, body: RaiseProblem) -> Outcome:
    """To the first level, by the main unit or the hotline. Raises ``NotYourTask``,
    ``AskedAlready``."""
    if scene.viewer.role in UNITS:
        main_part(scene)
    if Coordination(scene.rows.session).open_problem(scene.number) is not None:
        raise AskedAlready(kind="problem")
    return Outcome(words=body.words, details=_open(scene, 1))


def _open(scene: Scene, number_of_level: int) -> dict[str, Any]:
    """It lies at that level from now on; whoever decides there is told, and reminded."""
    level = scene.policy.supervision.levels[number_of_level - 1]
    term = due(scene.policy.calendar, scene.now, level.term)
    scene.rows.add(
        ProblemRow(
            number=scene.number,
            level=number_of_level,
            raised_by=scene.viewer.agent,
            raised_at=scene.now,
            due=term,
        )
    )
    scene.rows.void_timers(scene.number, [PROBLEM_DUE])
    scene.rows.set_timer(scene.number, PROBLEM_DUE, term, scene.ticket.version)
    if level.role != "supervisor":  # the hotline's own sees it in his lists
        scene.tell(f"problem_raised_{level.role}", due=scene.day(term))
    return {"level": number_of_level, "role": level.role, "due": scene.day(term)}


class DecideProblem(Body):
    """An opinion in ``words``, whatever comes of it; ``unit`` designates one with a decision."""

    decision: Literal["decide", "return", "raise"]
    words: Words
    unit: Key | None = None


def decide_problem(scene: Scene, body: DecideProblem) -> Outcome:
    """By the role of the level at which it lies.

    Raises ``NothingAsked``, ``HigherLevel``, ``WayClosed`` and what the hand-over refuses.
    """
    problem = Coordination(scene.rows.session).open_problem(scene.number)
    if problem is None:
        raise NothingAsked(kind="problem")
    level = scene.policy.supervision.levels[problem.level - 1]
    if scene.viewer.role != level.role:
        raise HigherLevel("another level decides this", level=problem.level, role=level.role)
    if body.unit is not None and body.decision != "decide":
        raise WayClosed("a unit is designated by a decision only", decision=body.decision)
    problem.decided_by = scene.viewer.agent
    problem.decided_at = scene.now
    problem.words_sealed = scene.seal(body.words)
    scene.rows.void_timers(scene.number, [PROBLEM_DUE])
    target, came = WAYS[body.decision](scene, problem, body)
    scene.rows.add(problem)
    return Outcome(
        target,
        reason=body.decision,
        words=body.words,
        details={"at_level": problem.level, "late": scene.now > problem.due, **came},
    )


Came = tuple[TicketState | None, dict[str, Any]]


def _decide(scene: Scene, problem: ProblemRow, body: DecideProblem) -> Came:
    problem.state = "decided"
    if body.unit is None:
        scene.tell("problem_decided", unit=scene.ticket.unit)
        return None, {}
    details = hand_over(scene, body.unit)
    problem.opinion = scene.ticket.unit
    scene.tell("designated", unit=scene.ticket.unit)
    return TicketState.DISPATCHED, details


def _return(scene: Scene, problem: ProblemRow, body: DecideProblem) -> Came:
    """One level down; from the first one to the unit, which goes on with it."""
    problem.state = "returned"
    if problem.level > 1:
        return None, _open(scene, problem.level - 1)
    scene.tell("problem_returned", unit=scene.ticket.unit)
    return None, {}


def _raise(scene: Scene, problem: ProblemRow, body: DecideProblem) -> Came:
    if problem.level >= len(scene.policy.supervision.levels):
        raise WayClosed("there is no higher level", level=problem.level)
    problem.state = "raised"
    return None, _open(scene, problem.level + 1)


WAYS: Mapping[str, Callable[[Scene, ProblemRow, DecideProblem], Came]] = {
    "decide": _decide,
    "return": _return,
    "raise": _raise,
}

PROBLEMS = (
    ActDef(Act.RAISE_PROBLEM, RaiseProblem, raise_problem),
    ActDef(Act.DECIDE_PROBLEM, DecideProblem, decide_problem),
)
