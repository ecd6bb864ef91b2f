"""The unit's work: handled, signed by its head where that is asked, answered (18, 32, 37)."""

from __future__ import annotations

from core.loop.acts.dispatching import main_part
from core.loop.acts.intake import Words
from core.loop.acts.registry import ActDef
from core.loop.coordination import Coordination
from core.loop.dating import plan_follow_up, stop_ladder
from core.loop.errors import PartsOpen, SignatureMissing
from core.loop.requests import OF_THE_UNIT
from core.loop.scene import Body, Outcome, Scene
from core.loop.states import Act, TicketState


class Handle(Body):
    """What was done; the main unit sums up what all parts brought."""

    words: Words


def handle(scene: Scene, body: Handle) -> Outcome:
    """The clock runs on until the caller has his answer. Raises ``NotYourTask``, ``PartsOpen``."""
    task = main_part(scene)
    waiting = [
        part.unit
        for part in scene.rows.tasks(scene.number)
        if part.part == "assist" and part.state != "done"
    ]
    if waiting:
        raise PartsOpen(units=waiting)
    task.state = "done"
    task.done_at = scene.now
    task.due = scene.ticket.handle_due  # as it was in the end: it may have been moved
    task.result_sealed = scene.seal(body.words)
    scene.rows.add(task)
    scene.ticket.handled_at = scene.now
    scene.ticket.countersigned_by = ""
    scene.rows.void_requests(scene.number, OF_THE_UNIT)
    if scene.ticket.fast_track:
        scene.tell("countersign_wanted", unit=task.unit)
    due = scene.ticket.handle_due
    return Outcome(
        TicketState.HANDLED,
        words=body.words,
        details={"late": due is not None and scene.now > due},
    )


class Countersign(Body):
    """Empty: the head's own log-in is his signature."""


def countersign(scene: Scene, body: Countersign) -> Outcome:
    main_part(scene)
    scene.ticket.countersigned_by = scene.viewer.agent
    return Outcome(article="32")


class Answer(Body):
    """What the caller was told."""

    words: Words


def answer(scene: Scene, body: Answer) -> Outcome:
    """Raises ``NotYourTask``; ``SignatureMissing`` on the fast track without the head's own."""
    main_part(scene)
    if scene.ticket.fast_track and not scene.ticket.countersigned_by:
        raise SignatureMissing("the head of the unit signs before this is answered")
    scene.ticket.answered_at = scene.now
    stop_ladder(scene)
    Coordination(scene.rows.session).settle(scene.number)
    plan_follow_up(scene)
    scene.tell("answered")
    return Outcome(TicketState.ANSWERED, words=body.words)


HANDLING = (
    ActDef(Act.HANDLE, Handle, handle),
    ActDef(Act.COUNTERSIGN, Countersign, countersign),
    ActDef(Act.ANSWER, Answer, answer),
)
