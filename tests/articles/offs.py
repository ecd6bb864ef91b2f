"""What the engine does where one of its rules is off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import true

from core.loop import dating, ladder, secrecy, states
from core.loop.abuse import Proceedings
from core.loop.acts import (
    closing,
    dispatching,
    intake,
    postponing,
    problems,
    reminding,
    supervising,
    terminating,
)
from core.loop.errors import ActForbidden
from core.loop.measures import Measures
from core.loop.registration import Registrar
from core.loop.scene import Outcome, Scene
from core.loop.states import TicketState
from core.policy.limits import TerminationReason
from core.policy.matrix import MatrixRow
from core.policy.supervision import Rung
from core.ports import Viewer
from tests.articles.switching import Off

NEVER = datetime(2190, 1, 1, tzinfo=UTC)
SOMEBODY = Viewer("1999", "", "supervisor")


def everybody_sees_everything(patch: pytest.MonkeyPatch) -> None:
    for part in ("office", "engine"):
        patch.setattr(f"core.loop.{part}.sees", lambda *_: True)


def lists_show_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("core.loop.finding.seen_by", lambda *_: true())


def units_lists_show_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("core.loop.finding.parts_of", lambda *_: ())


def figures_are_everybodys(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("core.loop.rates.seen_by", lambda *_: true())


def steps_without_article(patch: pytest.MonkeyPatch) -> None:
    bare = {key: replace(line, article="") for key, line in states.MOVES.items()}
    patch.setattr("core.loop.steps.MOVES", bare)


def anybody_handles(patch: pytest.MonkeyPatch) -> None:
    """No unit is ever kept from a ticket."""
    patch.setattr(dispatching, "checked_unit", lambda policy, ticket, unit, day: unit)


def no_reviews(patch: pytest.MonkeyPatch) -> None:
    """The clock never reminds of a suspension."""
    patch.setitem(reminding.REMINDERS, reminding.SUSPENSION_REVIEW, lambda *_: {})


def problems_stay(patch: pytest.MonkeyPatch) -> None:
    """A hard problem that is given back lies nowhere."""
    patch.setitem(problems.WAYS, "return", lambda *_: (None, {}))


def levels_have_no_term(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(problems, "due", lambda *_: NEVER)


def first_row(patch: pytest.MonkeyPatch) -> None:
    """The decision table, not asked: always its first row."""
    patch.setattr(intake, "row_of", lambda scene: scene.policy.matrix.rows[0])


def no_enterprise_has_a_row(patch: pytest.MonkeyPatch) -> None:
    real = MatrixRow.fits
    patch.setattr(MatrixRow, "fits", lambda row, *cell: real(row, *cell) and not cell[-1])


def decided_by_oneself(patch: pytest.MonkeyPatch) -> None:
    """Whoever decides about a measure passes for somebody else."""
    real = Proceedings.decide
    patch.setattr(
        Proceedings,
        "decide",
        lambda acts, *given: real(replace(acts, viewer=SOMEBODY), *given),
    )


def reviews_change_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Proceedings, "review", lambda acts, id, *_: Measures(acts.session).row(id))


def limits_never_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("core.loop.abuse.due", lambda *_: NEVER)


def order_does_not_matter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Proceedings, "_check_order", lambda *_: None)


def the_limited_are_turned_away(patch: pytest.MonkeyPatch) -> None:
    """Whatever it is that they call for."""
    real = Registrar.register

    def register(desk: Registrar, session: Any, viewer: Any, fields: Any, call: Any = None) -> Any:
        digest = call.caller_digest if call else None
        if digest and Measures(session).limit(digest, call.arrived_at):
            raise ActForbidden
        return real(desk, session, viewer, fields, call)

    patch.setattr(Registrar, "register", register)


def rungs_come_again(patch: pytest.MonkeyPatch) -> None:
    """Each one that is taken begins the ladder anew."""
    real = ladder.reach

    def reach(scene: Scene, rung: Rung) -> dict[str, Any]:
        details = real(scene, rung)
        scene.ticket.ladder += 1
        dating.plan_ladder(scene)
        return details

    patch.setattr(supervising, "reach", reach)


def any_reason(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(terminating, "known", lambda *_: TerminationReason(key="any", name="任何理由"))


def everybody_reads_as_the_hotline(part: Any) -> Off:
    return lambda patch: patch.setattr(
        part, "mask_for", lambda _, __, *more: secrecy.mask_for("supervisor", 0, *more)
    )


def reviewed_by_oneself(scene: Scene, body: Any) -> Outcome:
    return intake.review_refusal(replace(scene, viewer=SOMEBODY), body)


def asked_in_time(scene: Scene, body: Any) -> Outcome:
    return postponing.ask_postponement(replace(scene, now=scene.ticket.created_at), body)


def answers_are_no(scene: Scene, body: Any) -> Outcome:
    no = dict.fromkeys(("contacted", "solved", "satisfied"), False if body.reached else None)
    return closing.follow_up(scene, body.model_copy(update=no))


def answers_are_yes(scene: Scene, body: Any) -> Outcome:
    yes = dict.fromkeys(("contacted", "solved", "satisfied"), True if body.reached else None)
    return closing.follow_up(scene, body.model_copy(update=yes))


def new_first_unit(scene: Any, *_: Any) -> None:
    scene.ticket.first_unit = scene.ticket.unit


def stopped_clock(scene: Scene, body: Any) -> Outcome:
    scene.ticket.handle_due = None
    return Outcome()


def one_kind_of_caller(ticket: Any, *_: Any) -> None:
    ticket.subject, ticket.enterprise = "", False


def to(target: TicketState) -> Any:
    """An act that leads there and does nothing else."""
    return lambda scene, body: Outcome(target)


def nothing(scene: Scene, body: Any) -> Outcome:
    return Outcome()
