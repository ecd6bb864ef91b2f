"""The rules, each with a switch: a scenario that still holds with its rule off shows nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from core.loop import acts, columns, office, secrecy, states
from core.loop.acts import (
    closing,
    dispatching,
    intake,
    postponing,
    reminding,
    resolving,
    returning,
    suspending,
)
from core.loop.evidence import Evidence
from core.loop.scene import Outcome
from core.loop.states import Act, TicketState
from core.people.access import AccessLog
from core.people.roles import Role
from core.policy.book import PolicyBook
from core.policy.directory import Directory

Switch = Callable[[pytest.MonkeyPatch], None]


def move(act: Act, **changes: Any) -> Switch:
    """The table of moves with one line changed."""

    def off(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(states.MOVES, act, replace(states.MOVES[act], **changes))  # type: ignore[arg-type]

    return off


def without(module: Any, name: str, result: Any = None) -> Switch:
    """A function of the engine that checks (or does) nothing any more."""
    return lambda patch: patch.setattr(module, name, lambda *_, **__: result)


def act(which: Act, run: Callable[..., Outcome]) -> Switch:
    """An act that does something else."""
    return lambda patch: patch.setitem(
        acts.ACTS,  # type: ignore[arg-type]
        which,
        replace(acts.ACTS[which], run=run),
    )


def wrapped(module: Any, name: str, after: Callable[..., None]) -> Switch:
    """A function of the engine after which something else happens."""
    real = getattr(module, name)

    def both(*args: Any, **more: Any) -> Any:
        result = real(*args, **more)
        after(*args)
        return result

    return lambda patch: patch.setattr(module, name, both)


def everybody_sees_everything(patch: pytest.MonkeyPatch) -> None:
    for part in ("office", "engine"):
        patch.setattr(f"core.loop.{part}.sees", lambda *_: True)


def no_reviews(patch: pytest.MonkeyPatch) -> None:
    """The clock never reminds of a suspension."""
    patch.setitem(reminding.REMINDERS, reminding.SUSPENSION_REVIEW, lambda *_: {})  # type: ignore[arg-type]


def anybody_handles(patch: pytest.MonkeyPatch) -> None:
    """No unit is ever kept from a ticket."""
    patch.setattr(dispatching, "checked_unit", lambda policy, ticket, unit, day: unit)


SWITCHES: Mapping[str, tuple[Switch, ...]] = {
    "R01": (
        # Steps without their article; a dispatch that does not say which line it followed.
        lambda patch: patch.setattr(
            "core.loop.steps.MOVES",
            {key: replace(line, article="") for key, line in states.MOVES.items()},
        ),
        without(intake, "fill_columns"),
    ),
    "R03": (
        move(
            Act.ARCHIVE,
            sources=states.MOVES[Act.ARCHIVE].sources | {TicketState.ANSWERED},
        ),
        act(Act.EXEMPT, lambda scene, body: Outcome(TicketState.EXEMPTED)),
        move(Act.DISPATCH, sources=frozenset(TicketState)),
    ),
    "R08": (lambda patch: patch.setattr(intake, "row_of", _any_row),),
    "R09": (
        act(Act.REFUSE, lambda scene, body: Outcome(TicketState.REFUSED)),
        without(intake, "keep_category_only"),
    ),
    "R10": (without(dispatching, "check_complete"),),
    "R13": (lambda patch: patch.setattr(intake, "row_of", _any_row),),
    "R02": (
        everybody_sees_everything,
        without(AccessLog, "enter"),
    ),
    "R16": (
        lambda patch: patch.setattr(Directory, "line", lambda book, *_: book.lines[-1]),
        without(returning, "_set_designated"),
    ),
    "R17": (
        wrapped(returning, "send", lambda scene, *_: _new_first_unit(scene)),
        act(Act.ASK_RETURN, lambda scene, body: _stopped_clock(scene)),
    ),
    "R18": (act(Act.HANDLE, lambda scene, body: Outcome(TicketState.HANDLED)),),
    "R19": (without(resolving, "hand_over", {}),),
    "R20": (
        without(postponing, "move_due"),
        act(Act.ASK_POSTPONEMENT, lambda scene, body: Outcome()),
    ),
    "R21": (without(suspending, "left", 0), no_reviews),
    "R22": (
        move(
            Act.DECIDE_TERMINATION,
            roles=states.MOVES[Act.DECIDE_TERMINATION].roles | {Role.UNIT},
        ),
    ),
    "R23": (act(Act.DECIDE_PROBLEM, lambda scene, body: Outcome()),),
    "R31": (
        act(Act.ANSWER, lambda scene, body: Outcome(TicketState.ANSWERED)),
        act(Act.SIGN, lambda scene, body: Outcome(TicketState.SIGNED)),
        anybody_handles,
    ),
    "R32": (
        act(
            Act.TRANSFER,
            lambda scene, body: Outcome(TicketState.TRANSFERRED, details={"organ": body.organ}),
        ),
    ),
    "R35": (
        act(Act.RUNG, lambda scene, body: Outcome()),
        act(Act.FEED_BACK, lambda scene, body: Outcome()),
    ),
    "R36": (without(closing, "_true_of", True),),
    "R37": (
        lambda patch: patch.setattr(
            office, "mask_for", lambda _, __, *more: secrecy.mask_for("supervisor", 0, *more)
        ),
        without(AccessLog, "enter"),
    ),
    "R47": (
        without(Evidence, "check"),
        lambda patch: patch.setattr("core.loop.abuse.Proceedings._check_order", lambda *_: None),
    ),
    "R48": (
        act(Act.TRANSFER, lambda scene, body: Outcome(TicketState.TRANSFERRED)),
        without(AccessLog, "enter"),
    ),
    "R49": (wrapped(columns, "fill", lambda ticket, *_: _one_kind_of_caller(ticket)),),
    "R51": (lambda patch: patch.setattr(PolicyBook, "named", lambda book, _: book.versions[-1]),),
}


def _new_first_unit(scene: Any) -> None:
    scene.ticket.first_unit = scene.ticket.unit


def _stopped_clock(scene: Any) -> Outcome:
    scene.ticket.handle_due = None
    return Outcome()


def _one_kind_of_caller(ticket: Any) -> None:
    ticket.subject, ticket.enterprise = "", False


def _any_row(scene: Any) -> Any:
    """The decision table, not asked: always its last row."""
    return scene.policy.matrix.rows[0]
