"""One matter told several times, several matters told at once (articles 12 to 26)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from annotated_types import Len
from pydantic import Field, JsonValue

from core.errors import NotFound
from core.loop.acts.intake import Key, Number, Text, Value, Words, keep_mark, plain
from core.loop.acts.registry import ActDef
from core.loop.columns import check_fields, fill_columns
from core.loop.errors import MergeRefused, SecretContent, TicketIncomplete, WayClosed
from core.loop.merged import release_from
from core.loop.reach import reach
from core.loop.repeats import (
    EVENT,
    REPEAT,
    check_merge,
    earlier_settled,
    same_caller,
    same_place,
    settled_lately,
)
from core.loop.scene import Body, Outcome, Scene
from core.loop.secret import STATE_SECRET
from core.loop.states import Act, TicketState
from core.loop.urging import told_again
from core.people.sight import sees
from core.store.tables import TicketRow


class Merge(Body):
    """``into`` another ticket; ``words`` say why where class or place differ."""

    into: Number
    words: Text = ""


def merge(scene: Scene, body: Merge) -> Outcome:
    """Into a main ticket; from another one, too, and what hangs on this one comes along.

    Raises ``NotFound``, ``MergeRefused``, ``AccusedHandles``, ``WayClosed`` without a reason.
    """
    ticket, rows = scene.ticket, scene.rows
    main = rows.ticket(body.into, change=True)
    if main is None or not sees(scene.viewer, main, rows.tasks(body.into)):
        raise NotFound("no such ticket", number=body.into)
    if ticket.parent == main.number:
        raise MergeRefused(why="merged_already")
    check_merge(scene, main)
    alike = ticket.category == main.category and same_place(ticket, main)
    if not alike and not body.words:
        raise WayClosed("another class or place needs a reason", number=main.number)
    for child in rows.tied_to(ticket):
        reach(scene, child, Act.MERGE, partial(_moved, main))
    kind = _join(scene, main)
    return Outcome(
        TicketState.MERGED,
        reason=kind,
        words=body.words or None,
        details={"main": main.number, "alike": alike},
    )


def _moved(main: TicketRow, scene: Scene) -> Outcome:
    kind = _join(scene, main)
    return Outcome(TicketState.MERGED, reason=kind, details={"main": main.number})


def _join(scene: Scene, main: TicketRow) -> str:
    ticket = scene.ticket
    kind = REPEAT if same_caller(ticket, main) else EVENT
    ticket.parent, ticket.parent_kind = main.number, kind
    scene.rows.add(ticket)
    scene.rows.session.flush()
    scene.tell("merged", parent=main.number)
    reach(scene, main, Act.TOLD_AGAIN, partial(told_again, kind))
    return kind


class Release(Body):
    """Why it is no part of the main ticket."""

    words: Words


def release(scene: Scene, body: Release) -> Outcome:
    """A merging that was wrong is taken back."""
    outcome = release_from(None, "by_hand", scene)
    return Outcome(outcome.target, words=body.words, details=outcome.details)


class Split(Body):
    """``keep`` are the fields of the matter that stays, ``parts`` those of each other matter."""

    keep: Annotated[dict[Key, Value], Len(max_length=50)] = Field(default_factory=dict)
    parts: Annotated[tuple[Annotated[dict[Key, Value], Len(1, 50)], ...], Len(1, 9)]


def split(scene: Scene, body: Split) -> Outcome:
    """Each other matter becomes a ticket of the same caller; what stays is classified anew.

    Raises ``FieldUnknown``, ``TicketIncomplete`` for a part that tells of nothing,
    ``SecretContent``, ``WayClosed`` where the mark of secrecy would go and the level stay.
    """
    if scene.ticket.secrecy >= STATE_SECRET:
        raise SecretContent
    form, fields = scene.policy.pack.form, scene.fields()
    callers = [field.key for field in form.fields if field.callers]
    own = {key: fields[key] for key in callers if fields.get(key) is not None}
    kept: dict[str, JsonValue] = {key: plain(value) for key, value in body.keep.items()}
    check_fields(form, kept)
    keep_mark(scene, kept)
    numbers = []
    for part in body.parts:
        told: dict[str, JsonValue] = {key: plain(value) for key, value in part.items()}
        keep_mark(scene, told)
        if not (told.get("title") or told.get("content")):
            raise TicketIncomplete(missing=["title", "content"])
        if form.field("related_ticket") is not None:
            told.setdefault("related_ticket", scene.number)
        numbers.append(scene.split_off(own | told).number)
    scene.put_fields(fields | kept)
    fill_columns(scene, fields | kept)
    return Outcome(TicketState.REGISTERED, details={"into": numbers, "fields": sorted(body.keep)})


class NewFacts(Body):
    """``of`` was settled; ``words`` are what is new."""

    of: Number
    words: Words


def new_facts(scene: Scene, body: NewFacts) -> Outcome:
    """Marked as told again, and goes its way to a unit. Raises ``NotSettled``."""
    earlier = earlier_settled(scene, body.of)
    fields, flag = scene.fields(), scene.policy.conduct.repeats.flag
    flags = fields.get("flags")
    known = list(flags) if isinstance(flags, list) else []
    scene.put_fields(fields | {"flags": known if flag in known else [*known, flag]})
    lately = settled_lately(scene.policy, earlier, scene.now)
    return Outcome(
        reason=REPEAT,
        words=body.words,
        details={"earlier": earlier.number, "unit": earlier.unit, "lately": lately},
    )


RELATIONS = (
    ActDef(Act.MERGE, Merge, merge),
    ActDef(Act.RELEASE, Release, release),
    ActDef(Act.SPLIT, Split, split),
    ActDef(Act.NEW_FACTS, NewFacts, new_facts),
)
