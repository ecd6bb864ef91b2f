"""Contacted? solved? satisfied? - then rated and archived (article 38)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from core.loop.acts.dispatching import give
from core.loop.acts.intake import Key, Text
from core.loop.acts.registry import ActDef
from core.loop.coordination import Coordination
from core.loop.errors import ReasonUnknown, TooOften, WayClosed
from core.loop.repeats import REPEAT
from core.loop.scene import Body, Outcome, Scene, known
from core.loop.states import Act, TicketState
from core.store.loop_tables import FollowUpRow, RatingRow


class FollowUp(Body):
    """One attempt. Reached: all three questions have an answer; not reached: none has."""

    reached: bool
    contacted: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    words: Text = ""

    @model_validator(mode="after")
    def _answers(self) -> FollowUp:
        given = [self.contacted, self.solved, self.satisfied]
        if self.reached and None in given:
            raise ValueError("all three questions are asked")
        if not self.reached and given != [None, None, None]:
            raise ValueError("nobody answered")
        return self


def follow_up(scene: Scene, body: FollowUp) -> Outcome:
    """Every attempt is kept. Reached: the ticket moves on; otherwise it waits for the next one."""
    ticket = scene.ticket
    scene.rows.add(
        FollowUpRow(
            number=ticket.number,
            round=ticket.redone,
            at=scene.now,
            by=scene.viewer.agent,
            reached=body.reached,
            contacted=body.contacted,
            solved=body.solved,
            satisfied=body.satisfied,
            words_sealed=scene.seal(body.words),
        )
    )
    answers = {"contacted": body.contacted, "solved": body.solved, "satisfied": body.satisfied}
    return Outcome(
        TicketState.FOLLOWED_UP if body.reached else None,
        words=body.words or None,
        details={"reached": body.reached, **(answers if body.reached else {})},
    )


class Exempt(Body):
    """No follow-up, for one of the reasons of the rules."""

    reason: Key
    words: Text = ""


def exempt(scene: Scene, body: Exempt) -> Outcome:
    """Raises ``ReasonUnknown``; ``WayClosed`` when the reason is not true of this ticket."""
    reason = known(scene.policy.limits.follow_up.exemptions, body.reason)
    if not _true_of(scene, reason.key):
        raise WayClosed("the reason is not true of this ticket", reason=reason.key)
    return Outcome(TicketState.EXEMPTED, reason=reason.key, words=body.words or None)


def _true_of(scene: Scene, reason: str) -> bool:
    """Once the caller has answered, only that his demand was unreasonable: nothing else may make an
    answer disappear."""
    ticket, state = scene.ticket, scene.state
    if (state is TicketState.FOLLOWED_UP) != (reason == "unreasonable"):
        return False
    match reason:
        case "refused":
            return state is TicketState.REFUSED
        case "merged":
            return state is TicketState.MERGED and ticket.parent_kind == REPEAT
        case "terminated":
            return state is TicketState.TERMINATED
        case "answered_at_once":
            return state is TicketState.ANSWERED_AT_ONCE
        case "secret":
            return ticket.secrecy >= 3
        case "anonymous":
            return ticket.contact_digest is None and ticket.caller_digest is None
        case "not_sampled":
            return state is TicketState.ANSWERED and not sampled(scene)
        case "unreasonable":
            answers = [a for a in scene.rows.follow_ups(ticket.number, ticket.redone) if a.reached]
            return not (answers[-1].solved and answers[-1].satisfied)
        case "not_reached":
            attempts = scene.rows.follow_ups(ticket.number, ticket.redone)
            enough = len(attempts) >= scene.policy.limits.follow_up.attempts.times
            return enough and not any(attempt.reached for attempt in attempts)
        case _:
            return True


def sampled(scene: Scene) -> bool:
    """Whether the ticket is among those that are followed up.

    Drawn by the site's key: always the same for a ticket, and nobody can tell beforehand. What is
    handled a second time, and what article 32 is about, always is.
    """
    ticket = scene.ticket
    if ticket.redone or ticket.fast_track:
        return True
    drawn = int(scene.vault.digest(f"follow-up {ticket.number}"), 16) % 100
    return drawn < scene.policy.limits.follow_up.sample.percent


class Rate(Body):
    """The unit's rating, 1 the best; None: the caller did not want to rate."""

    level: Annotated[int, Field(ge=1, le=10)] | None


def rate(scene: Scene, body: Rate) -> Outcome:
    """The unit's score, never mixed with the agent's, which is the call's own."""
    levels = scene.policy.limits.follow_up.levels
    if body.level is not None and body.level > len(levels):
        raise ReasonUnknown(level=body.level)
    scene.rows.add(
        RatingRow(
            number=scene.number,
            at=scene.now,
            by=scene.viewer.agent,
            level=body.level,
            unit=scene.ticket.unit,
        )
    )
    return Outcome(TicketState.RATED, details={"level": body.level})


class Redo(Body):
    """Back to the unit, because the matter is not solved or the caller not satisfied."""

    words: Text = ""


def redo(scene: Scene, body: Redo) -> Outcome:
    """Raises ``WayClosed`` when the caller was satisfied, ``TooOften`` the second time."""
    ticket = scene.ticket
    last = [one for one in scene.rows.follow_ups(ticket.number, ticket.redone) if one.reached]
    if not last or not ticket.unit or (last[-1].solved and last[-1].satisfied):
        raise WayClosed("there is nothing to do again", number=ticket.number)
    if ticket.redone >= scene.policy.limits.follow_up.redo.times:
        raise TooOften(times=ticket.redone)
    ticket.redone += 1
    ticket.answered_at = None
    details = give(scene, ticket.unit)
    scene.tell("redone", unit=ticket.unit)
    return Outcome(TicketState.DISPATCHED, words=body.words or None, details=details)


class Archive(Body):
    """Empty: everything that had to happen has happened, or was exempted."""


def archive(scene: Scene, body: Archive) -> Outcome:
    scene.ticket.archived_at = scene.now
    Coordination(scene.rows.session).settle(scene.number)
    scene.rows.void_timers(scene.number)
    return Outcome(TicketState.ARCHIVED)


CLOSING = (
    ActDef(Act.FOLLOW_UP, FollowUp, follow_up),
    ActDef(Act.EXEMPT, Exempt, exempt),
    ActDef(Act.RATE, Rate, rate),
    ActDef(Act.REDO, Redo, redo),
    ActDef(Act.ARCHIVE, Archive, archive),
)
