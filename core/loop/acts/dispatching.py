"""To the unit that is responsible, and its signature; to organs outside the units (7, 33, 48)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from annotated_types import Len
from pydantic import JsonValue, StringConstraints

from core.loop.accused import Accused, name_accused
from core.loop.acts.intake import Key, Moment, Text, Words, follow_row
from core.loop.acts.registry import ActDef
from core.loop.dating import ASSIST_DUE, date_from, plan_follow_up
from core.loop.errors import (
    AccusedHandles,
    NotYourTask,
    SignatureMissing,
    TicketIncomplete,
    TooLate,
    UnitUnknown,
    WayClosed,
)
from core.loop.requests import OF_THE_UNIT
from core.loop.responsibility import (
    Proposal,
    checked_unit,
    exists,
    name_of,
    propose,
    pushes_down,
    supervisor,
    takes_over,
)
from core.loop.scene import Body, Outcome, Scene
from core.loop.states import Act, TicketState
from core.loop.urging import supervise_told
from core.people.roles import Role
from core.store.loop_tables import TaskRow


class Dispatch(Body):
    """Without ``unit`` the directory's proposal is taken; another one needs words why."""

    unit: Key | None = None
    assist: Annotated[tuple[Key, ...], Len(max_length=10)] = ()
    accused: Accused | None = None  # the unit that is complained about, if one is
    words: Text = ""


def dispatch(scene: Scene, body: Dispatch) -> Outcome:
    """Complete, open to this way, to a unit that is not the accused one (16, 33, 48)."""
    name_accused(scene, body.accused)
    unit, proposal = choose(scene, body.unit, body.words)
    details = send(scene, unit, proposal, body.assist)
    if told := supervise_told(scene):  # often enough before anybody had it
        details["supervised"] = told
    return Outcome(TicketState.DISPATCHED, words=body.words or None, details=details)


def choose(scene: Scene, wanted: str | None, words: str) -> tuple[str, Proposal]:
    """The unit that takes it, and what the directory says; ``wanted`` None is the directory's.

    Raises ``TicketIncomplete``, ``WayClosed``, ``UnitUnknown``, ``AccusedHandles``,
    ``PlaceMissing``.
    """
    ticket, policy = scene.ticket, scene.policy
    if "dispatch" not in follow_row(scene).ways:
        raise WayClosed("not for a ticket of this kind", way="dispatch")
    check_complete(scene)
    today = policy.calendar.day_of(scene.now)
    proposal = propose(policy, ticket, today)
    unit = checked_unit(policy, ticket, wanted or proposal.unit, today)
    if unit != proposal.unit and not words:
        raise WayClosed("another unit than the directory's needs a reason", line=proposal.line.key)
    if pushes_down(policy, ticket, unit):
        raise WayClosed("a department's duty is not given to the grass roots", unit=unit)
    return unit, proposal


def send(
    scene: Scene, unit: str, proposal: Proposal, assist: tuple[str, ...] = ()
) -> dict[str, object]:
    """Into the chosen unit's hands, those who assist beside it; returns how that was found."""
    ticket, policy = scene.ticket, scene.policy
    today = policy.calendar.day_of(scene.now)
    ticket.directory_line = proposal.line.key
    ticket.first_unit = ticket.first_unit or unit  # 首接负责: never changes again
    dated = give(scene, unit)
    for helper in dict.fromkeys((*proposal.assist, *assist)):
        add_assist(scene, checked_unit(policy, ticket, helper, today))
    return {
        "unit": unit,
        "line": proposal.line.key,
        "duty": proposal.line.duty,
        "directory": policy.directory.version,
        "by_directory": unit == proposal.unit,
        **dated,
    }


def check_complete(scene: Scene) -> None:
    """May be opened incomplete, may not be dispatched incomplete; secrecy has been asked.

    Raises ``TicketIncomplete``.
    """
    form, fields = scene.policy.pack.form, scene.fields()
    missing = [
        field.key
        for field in form.fields
        if field.required and fields.get(field.key) in (None, "", [])
    ]
    _check_secrecy_asked(fields, missing)


def _check_told(scene: Scene) -> None:
    """What another organ decides about tells of something; secrecy has been asked.

    Raises ``TicketIncomplete``.
    """
    fields = scene.fields()
    nothing = not (fields.get("title") or fields.get("content"))
    _check_secrecy_asked(fields, ["title", "content"] if nothing else [])


def _check_secrecy_asked(fields: Mapping[str, JsonValue], missing: list[str]) -> None:
    if fields.get("confidential") is None:
        missing = [*missing, "confidential"]
    if missing:
        raise TicketIncomplete(missing=missing)


def give(scene: Scene, unit: str, handle_due: datetime | None = None) -> dict[str, object]:
    """Put the ticket into a unit's hands, dated from now, or until the date that was resolved; an
    earlier holder's part is withdrawn."""
    ticket, rows = scene.ticket, scene.rows
    for part in rows.tasks(ticket.number):
        # Neither is there a second main unit, nor does the main unit assist itself.
        if part.state != "done" and (part.part == "main" or part.unit == unit):
            part.state = "withdrawn"
            rows.add(part)
    rows.void_requests(ticket.number, OF_THE_UNIT)
    ticket.unit = unit
    ticket.ladder += 1
    ticket.dispatches += 1
    ticket.dispatched_at = ticket.dispatched_at or scene.now
    ticket.signed_at = ticket.handled_at = None
    ticket.countersigned_by = ""
    dated: dict[str, object] = {"dated_by": date_from(scene, scene.now, handle_due)}
    rows.add(
        TaskRow(
            number=ticket.number,
            created_at=ticket.created_at,
            unit=unit,
            part="main",
            sign_due=ticket.sign_due,
            due=ticket.handle_due,
            given_at=scene.now,
        )
    )
    dates = {"sign_due": scene.day(ticket.sign_due), "handle_due": scene.day(ticket.handle_due)}
    scene.tell("dispatched", unit=unit, **dates)
    if ticket.fast_track:  # 一把手负责制: he is told himself
        scene.tell("fast_track", unit=unit, **dates)
    return dated | dates


class Assist(Body):
    """``due``: until when they are to be through with their parts; None: as the main unit."""

    units: Annotated[tuple[Key, ...], Len(1, 10)]
    due: Moment | None = None


def assist(scene: Scene, body: Assist) -> Outcome:
    """More units help; each has a part and a date of its own, the main one answers (18).

    Raises ``UnitUnknown``, ``AccusedHandles``; ``TooLate`` for a date that is over, or later than
    the main unit's.
    """
    today = scene.policy.calendar.day_of(scene.now)
    units = [checked_unit(scene.policy, scene.ticket, unit, today) for unit in body.units]
    last = scene.ticket.handle_due
    if body.due is not None and (body.due <= scene.now or (last and body.due > last)):
        raise TooLate(term=scene.day(last))
    for unit in units:
        add_assist(scene, unit, body.due)
    return Outcome(details={"assist": units})


def add_assist(scene: Scene, unit: str, end: datetime | None = None) -> None:
    """Twice is once; the main unit does not assist itself. It is reminded when its date comes."""
    if scene.rows.task_of(scene.number, unit) is not None:
        return
    end = end or scene.ticket.handle_due
    scene.rows.add(
        TaskRow(
            number=scene.number,
            created_at=scene.ticket.created_at,
            unit=unit,
            part="assist",
            due=end,
            given_at=scene.now,
        )
    )
    scene.rows.session.flush()
    if end is not None:
        scene.rows.set_timer(scene.number, ASSIST_DUE + unit, end, scene.ticket.version)
    due = scene.day(end)
    scene.tell("dispatched", unit=unit, sign_due=due, handle_due=due)


class AssistDone(Body):
    words: Words


def assist_done(scene: Scene, body: AssistDone) -> Outcome:
    """An assisting unit concludes its part. Raises ``NotYourTask``."""
    task = scene.rows.task_of(scene.number, scene.viewer.unit)
    if task is None or task.part != "assist":
        raise NotYourTask(part="assist")
    task.state = "done"
    task.done_at = scene.now
    task.result_sealed = scene.seal(body.words)
    scene.rows.add(task)
    scene.rows.void_timers(scene.number, [ASSIST_DUE + task.unit])
    late = task.due is not None and scene.now > task.due
    return Outcome(words=body.words, details={"part": "assist", "late": late})


class Transfer(Body):
    """``organ``: a unit that supervises, or the number of an emergency or utility line."""

    organ: Annotated[str, StringConstraints(pattern=r"^([0-9]{3,12}|[a-z][a-z0-9_]{0,39})$")]
    accused: Accused | None = None
    words: Text = ""


def transfer(scene: Scene, body: Transfer) -> Outcome:
    """To an organ outside the loop of units; what concerns enforcement or retaliation goes to the
    one that supervises it, never to the accused (33, 46, 48).

    Raises ``WayClosed`` for a unit that is no such organ: it is dispatched to, with its clocks;
    ``UnitUnknown``, ``AccusedHandles``, ``TicketIncomplete``.
    """
    ticket, policy = scene.ticket, scene.policy
    row = follow_row(scene)
    if "transfer" not in row.ways:
        raise WayClosed("not for a ticket of this kind", way="transfer")
    name_accused(scene, body.accused)
    organ = body.organ
    if ticket.enforcement or ticket.retaliation:
        wanted = supervisor(policy, ticket, policy.calendar.day_of(scene.now))
        if organ != wanted:
            raise AccusedHandles("this goes to its supervisor only", organ=wanted)
    line = organ in policy.pack.emergency.order
    if not line:  # a line asks the caller himself, and nobody waits there for a form
        if not exists(policy.pack, organ):
            raise UnitUnknown(unit=organ)
        if not takes_over(policy, organ):
            raise WayClosed("a unit gets this by a dispatch", organ=organ)
        _check_told(scene)
        organ = checked_unit(policy, ticket, organ, policy.calendar.day_of(scene.now))
    scene.tell("transferred", target=organ if line else name_of(policy.pack, organ))
    return Outcome(
        TicketState.TRANSFERRED,
        article=row.article,
        words=body.words or None,
        details={"organ": organ},
    )


class Receipt(Body):
    """The organ's own number or name for what it took over."""

    receipt: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,60}$")]


def receipt(scene: Scene, body: Receipt) -> Outcome:
    """What an organ writes may name people, so it is kept sealed like any words."""
    return Outcome(words=body.receipt)


class TransferResult(Body):
    """``declined``: the organ does not take it, and ``words`` say why."""

    words: Words
    declined: bool = False


def transfer_result(scene: Scene, body: TransferResult) -> Outcome:
    """What the organ found is filled in, and the caller is told of it; declined, it is decided
    anew."""
    if body.declined:
        return Outcome(TicketState.CLASSIFIED, words=body.words, details={"declined": True})
    scene.ticket.answered_at = scene.now
    plan_follow_up(scene)
    scene.tell("answered")
    return Outcome(TicketState.ANSWERED, words=body.words)


class Sign(Body):
    """Empty: who signs is who is logged in."""


def sign(scene: Scene, body: Sign) -> Outcome:
    """The main unit takes it; on the fast track only its head may (32).

    Raises ``NotYourTask``, ``SignatureMissing``.
    """
    task = main_part(scene)
    if scene.ticket.fast_track and scene.viewer.role != Role.UNIT_HEAD:
        raise SignatureMissing("the head of the unit signs for this himself")
    task.state = "signed"
    task.signed_by = scene.viewer.agent
    task.signed_at = scene.now
    scene.rows.add(task)
    scene.ticket.signed_at = scene.now
    late = scene.ticket.sign_due is not None and scene.now > scene.ticket.sign_due
    scene.rows.void_timers(
        scene.number,
        [f"rung:{rung.key}" for rung in scene.policy.supervision.ladder if rung.of == "sign"],
    )
    return Outcome(TicketState.SIGNED, details={"late": late})


def main_part(scene: Scene) -> TaskRow:
    """The viewer's unit's main part. Raises ``NotYourTask``."""
    task = scene.rows.main_task(scene.number)
    if task is None or task.unit != scene.viewer.unit:
        raise NotYourTask(part="main")
    return task


DISPATCHING = (
    ActDef(Act.DISPATCH, Dispatch, dispatch),
    ActDef(Act.ASSIST, Assist, assist),
    ActDef(Act.ASSIST_DONE, AssistDone, assist_done),
    ActDef(Act.TRANSFER, Transfer, transfer),
    ActDef(Act.RECEIPT, Receipt, receipt),
    ActDef(Act.TRANSFER_RESULT, TransferResult, transfer_result),
    ActDef(Act.SIGN, Sign, sign),
)
