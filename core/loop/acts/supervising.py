"""The ladder of supervision and its answers: reached, taken early, fed back, urged (37)."""

from __future__ import annotations

from core.loop.acts.dispatching import main_part
from core.loop.acts.intake import Key, Text, Words
from core.loop.acts.registry import ActDef
from core.loop.acts.reminding import Due
from core.loop.dating import FEEDBACK_DUE
from core.loop.errors import (
    NotDue,
    NothingAsked,
    NotYourTask,
    WayClosed,
)
from core.loop.ladder import named, reach, reached_already
from core.loop.scene import Body, Outcome, Scene
from core.loop.states import Act, TicketState
from core.people.roles import UNITS


def rung(scene: Scene, body: Due) -> Outcome:
    """The clock has come to a rung. Raises ``NotDue`` if it was taken early."""
    reached = named(scene, body.key)
    if reached_already(scene, reached):
        raise NotDue(about="rung")
    details = reach(scene, reached)
    return Outcome(reason=reached.key, article=reached.article, details=details)


class Supervise(Body):
    """A rung of the ladder, taken by a person before its time."""

    rung: Key
    words: Text = ""


def supervise(scene: Scene, body: Supervise) -> Outcome:
    """Raises ``ReasonUnknown``, ``TooOften``; ``WayClosed`` for signing that is done already."""
    taken = named(scene, body.rung)
    if taken.of == "sign" and scene.state is not TicketState.DISPATCHED:
        raise WayClosed("it is not to be signed for any more", rung=taken.key)
    details = reach(scene, taken)
    return Outcome(
        reason=taken.key, article=taken.article, words=body.words or None, details=details
    )


class FeedBack(Body):
    """What the unit does about it; ``rung`` is what it was supervised by."""

    rung: Key
    words: Words


def feed_back(scene: Scene, body: FeedBack) -> Outcome:
    """Raises ``NothingAsked`` where no word of this unit is open."""
    row = scene.rows.open_feedback(scene.number, body.rung, scene.viewer.unit)
    if row is None or row.feedback_due is None:
        raise NothingAsked(kind="feedback", rung=body.rung)
    row.feedback_at = scene.now
    row.feedback_sealed = scene.seal(body.words)
    scene.rows.add(row)
    scene.rows.void_timers(scene.number, [f"{FEEDBACK_DUE}:{row.rung}"])
    return Outcome(
        reason=row.rung,
        words=body.words,
        details={"rung": row.rung, "round": row.round, "late": scene.now > row.feedback_due},
    )


class Urge(Body):
    """``unit``: whose part; without it the main unit's."""

    unit: Key | None = None
    words: Text = ""


def urge(scene: Scene, body: Urge) -> Outcome:
    """By the caller through the hotline, or by the main unit on one that assists it (18, 37).

    Raises ``NotYourTask``; ``WayClosed`` for a part that is concluded.
    """
    unit = body.unit or scene.ticket.unit
    if scene.viewer.role in UNITS:
        main_part(scene)
        if unit == scene.viewer.unit:
            raise NotYourTask(part="assist")
    task = scene.rows.task_of(scene.number, unit)
    if task is None:
        raise NotYourTask(unit=unit)
    if task.part == "assist" and task.state == "done":
        raise WayClosed("this part is concluded", unit=unit)
    scene.tell("urged", unit=unit)
    return Outcome(words=body.words or None, details={"unit": unit, "part": task.part})


SUPERVISING = (
    ActDef(Act.RUNG, Due, rung),
    ActDef(Act.SUPERVISE, Supervise, supervise),
    ActDef(Act.FEED_BACK, FeedBack, feed_back),
    ActDef(Act.URGE, Urge, urge),
)
