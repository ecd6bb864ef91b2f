"""Contacted? solved? satisfied? - then rated and archived (article 38)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from core.loop.acts.dispatching import give
from core.loop.acts.intake import Key, Text, follow_row
from core.loop.acts.registry import ActDef
from core.loop.coordination import Coordination
from core.loop.errors import AccusedHandles, ReasonUnknown, TooOften, WayClosed
from core.loop.repeats import REPEAT
from core.loop.responsibility import checked_unit
from core.loop.scene import Body, Outcome, Scene, known
from core.loop.secret import STATE_SECRET
from core.loop.states import Act, TicketState
from core.store.loop_tables import FollowUpRow, RatingRow

UNREACHABLE = ("anonymous", "secret")


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
    asked = state in (TicketState.FOLLOWED_UP, TicketState.RATED)
    if asked != (reason == "unreasonable"):
        return False
    if state is TicketState.MERGED and ticket.parent_kind != REPEAT and reason not in UNREACHABLE:
        return False  # each of those who told of one event is called back himself
    match reason:
        case "refused":
            review = scene.rows.open_request(ticket.number, "review")
            return state is TicketState.REFUSED and review is None
        case "no_reply_wanted":
            return scene.fields().get("reply_wanted") is False
        case "merged":
            return state is TicketState.MERGED and ticket.parent_kind == REPEAT
        case "terminated":
            return state is TicketState.TERMINATED
        case "answered_at_once":
            return state is TicketState.ANSWERED_AT_ONCE
        case "secret":
            return ticket.secrecy >= STATE_SECRET
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
    """The unit's score, never mixed with the agent's, which is the call's own. Of a matter that was
    done again the last one counts."""
    levels = scene.policy.limits.follow_up.levels
    if body.level is not None and body.level > len(levels):
        raise ReasonUnknown(level=body.level)
    row = scene.rows.rating(scene.number) or RatingRow(
        number=scene.number, at=scene.now, by="", unit=""
    )
    row.at, row.by = scene.now, scene.viewer.agent
    row.level, row.unit = body.level, scene.ticket.unit
    scene.rows.add(row)
    return Outcome(TicketState.RATED, details={"level": body.level})


class Redo(Body):
    """Done again, because the matter is not solved or the caller not satisfied: by the unit that
    had it; where none had, or may have it, it is decided anew."""

    words: Text = ""


def redo(scene: Scene, body: Redo) -> Outcome:
    """Raises ``WayClosed`` when the caller was satisfied, ``TooOften`` the second time."""
    ticket = scene.ticket
    if not _unhappy(scene):
        raise WayClosed("there is nothing to do again", number=ticket.number)
    if not _may_come_back(scene):
        raise TooOften(times=ticket.redone)
    ticket.redone += 1
    ticket.answered_at = None
    if not _stays_with_its_unit(scene):
        ticket.unit = ""
        return Outcome(TicketState.CLASSIFIED, words=body.words or None)
    details = give(scene, ticket.unit)
    scene.tell("redone", unit=ticket.unit)
    return Outcome(TicketState.DISPATCHED, words=body.words or None, details=details)


def _unhappy(scene: Scene) -> bool:
    """Whether the caller's last word was that it is not solved, or that he is not satisfied."""
    ticket = scene.ticket
    last = [one for one in scene.rows.follow_ups(ticket.number, ticket.redone) if one.reached]
    return bool(last) and not (last[-1].solved and last[-1].satisfied)


def _may_come_back(scene: Scene) -> bool:
    return scene.ticket.redone < scene.policy.limits.follow_up.redo.times


def _stays_with_its_unit(scene: Scene) -> bool:
    """By the rules as the form now stands: it had one, and that one may have it still."""
    ticket, policy = scene.ticket, scene.policy
    if not ticket.unit or "dispatch" not in follow_row(scene).ways:
        return False
    try:
        checked_unit(policy, ticket, ticket.unit, policy.calendar.day_of(scene.now))
    except AccusedHandles:
        return False
    return True


class Archive(Body):
    """Empty: everything that had to happen has happened, or was exempted."""


def archive(scene: Scene, body: Archive) -> Outcome:
    """Raises ``WayClosed`` while an unsatisfied caller's matter can be done again (38); that his
    demand was unreasonable is for ``exempt``."""
    rated = scene.state is TicketState.RATED
    if rated and _unhappy(scene) and _may_come_back(scene):
        raise WayClosed("the caller is not satisfied: it is done again first", way="redo")
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
