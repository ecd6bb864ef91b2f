"""Termination (终止): handled no further, for a written reason. Never by the unit alone."""

from __future__ import annotations

from pydantic import model_validator

from core.loop.acts.dispatching import main_part
from core.loop.acts.intake import Key, Words
from core.loop.acts.registry import ActDef
from core.loop.coordination import Coordination
from core.loop.errors import NothingAsked, SignatureMissing, WayClosed
from core.loop.requests import OF_THE_UNIT, TERMINATION, ask, decide
from core.loop.scene import Body, Outcome, Scene, known
from core.loop.states import Act, TicketState
from core.people.roles import UNITS


class AskTermination(Body):
    """By the unit for any reason of the rules; by the hotline's people for the caller's own."""

    reason: Key
    words: Words


def ask_termination(scene: Scene, body: AskTermination) -> Outcome:
    """Raises ``NotYourTask``, ``ReasonUnknown``, ``WayClosed``, ``AskedAlready``."""
    reason = known(scene.policy.limits.terminations.reasons, body.reason)
    if scene.viewer.role in UNITS:
        main_part(scene)
    elif not reason.callers:
        raise WayClosed("the unit itself asks for this", reason=reason.key)
    ask(scene, TERMINATION, reason.key, body.words)
    return Outcome(reason=reason.key, words=body.words)


class DecideTermination(Body):
    """Granting names its ``reason``, which may be another than was asked for."""

    granted: bool
    reason: Key | None = None
    words: Words

    @model_validator(mode="after")
    def _named(self) -> DecideTermination:
        if self.granted and self.reason is None:
            raise ValueError("a termination names its reason")
        return self


def decide_termination(scene: Scene, body: DecideTermination) -> Outcome:
    """Refused: nothing changes. Granted: it is over, whoever had it; the caller is told. What other
    callers told goes on without it (``core.loop.merged``).

    Raises ``NothingAsked`` where nobody asked and it is not the caller's own will;
    ``ReasonUnknown``; ``SignatureMissing`` on the fast track without the head's own (32).
    """
    request = scene.rows.open_request(scene.number, TERMINATION)
    if not body.granted:
        if request is None:
            raise NothingAsked(kind=TERMINATION)
        decide(scene, request, granted=False)
        scene.ticket.countersigned_by = ""  # what he signed was this
        return Outcome(reason=request.reason, words=body.words, details={"granted": False})
    reason = known(scene.policy.limits.terminations.reasons, body.reason or "")
    if request is None and not reason.callers:
        raise NothingAsked(kind=TERMINATION)
    if scene.ticket.fast_track and not (reason.callers or scene.ticket.countersigned_by):
        raise SignatureMissing("the head of the unit signs before this is over")
    if request is not None:
        decide(scene, request, granted=True)
    scene.rows.void_requests(scene.number, OF_THE_UNIT)
    scene.rows.void_timers(scene.number)
    Coordination(scene.rows.session).settle(scene.number)
    scene.tell("terminated", reason=reason.name)
    return Outcome(
        TicketState.TERMINATED,
        reason=reason.key,
        words=body.words,
        details={"granted": True, "asked": request.reason if request is not None else ""},
    )


TERMINATING = (
    ActDef(Act.ASK_TERMINATION, AskTermination, ask_termination),
    ActDef(Act.DECIDE_TERMINATION, DecideTermination, decide_termination),
)
