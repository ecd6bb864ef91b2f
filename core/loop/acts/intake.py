"""From the registration to the decision: completing, classifying, answering at once, refusing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from annotated_types import Len
from pydantic import AwareDatetime, Field, JsonValue, StringConstraints

from core.errors import Invalid
from core.loop.accused import Accused, name_accused
from core.loop.acts.registry import ActDef
from core.loop.columns import CONFIDENTIAL, check_fields, fill_columns
from core.loop.dating import date_anew, plan_follow_up, rows_now
from core.loop.errors import (
    ActForbidden,
    HigherLevel,
    MergeRefused,
    NothingAsked,
    OwnDecision,
    ReasonUnknown,
    SecretContent,
    WayClosed,
)
from core.loop.repeats import settled_before
from core.loop.scene import Body, Outcome, Scene
from core.loop.secret import STATE_SECRET, keep_category_only
from core.loop.states import Act, TicketState
from core.loop.takeback import drop_helpers, take_back, wrongly_held
from core.people.roles import Role
from core.policy.contract import SETTLED
from core.policy.matrix import MatrixRow
from core.store.loop_tables import RequestRow

# No NUL: PostgreSQL has no place for it in a text.
Words = Annotated[str, StringConstraints(min_length=1, max_length=8000, pattern=r"^[^\x00]*$")]
Text = Annotated[str, StringConstraints(max_length=8000, pattern=r"^[^\x00]*$")]
Value = Text | bool | Annotated[list[Text], Len(max_length=100)] | None
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,40}$")]
# Far from the ends of the calendar, where a change of zone would fall off.
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1990, 1, 1, tzinfo=UTC), le=datetime(2190, 1, 1, tzinfo=UTC)),
]


class Amend(Body):
    """Fields of the form with their new values, None empties one; ``accused`` is the unit that is
    complained about."""

    fields: Annotated[dict[Key, Value], Len(max_length=50)] = Field(default_factory=dict)
    accused: Accused | None = None


def amend(scene: Scene, body: Amend) -> Outcome:
    """A person's word replaces whatever stood there, a machine's proposal too (article 3).

    What follows from the form follows anew: the way it goes, its dates where a unit's clock runs,
    and whether the unit that has it may have it at all.

    Raises ``Invalid`` where nothing is given, ``FieldUnknown``, ``SecretContent``, what naming the
    accused refuses; ``WayClosed`` where the mark of secrecy would go and the level stay.
    """
    if not body.fields and body.accused is None:
        raise Invalid("nothing is amended")
    given: dict[str, JsonValue] = {key: plain(value) for key, value in body.fields.items()}
    check_fields(scene.policy.pack.form, given)
    if scene.ticket.secrecy >= STATE_SECRET:
        raise SecretContent
    keep_mark(scene, given)
    fields = scene.fields() | given
    dated_by = rows_now(scene)
    scene.put_fields(fields)
    fill_columns(scene, fields)
    against = name_accused(scene, body.accused)
    details: dict[str, object] = {"fields": sorted(body.fields), **against}
    if not (scene.ticket.route and scene.ticket.category):  # there is nothing to follow from it
        return Outcome(details=details)
    row = follow_row(scene)
    if wrongly_held(scene, row):
        return Outcome(TicketState.CLASSIFIED, details=details | take_back(scene))
    drop_helpers(scene)
    task = scene.rows.main_task(scene.number)
    running = scene.state in (TicketState.DISPATCHED, TicketState.SIGNED)
    if running and task is not None and rows_now(scene) != dated_by:
        details["dated_by"] = date_anew(scene, task.given_at)
    return Outcome(details=details)


def keep_mark(scene: Scene, given: Mapping[str, JsonValue]) -> None:
    """Raises ``WayClosed`` where ``given`` would take the mark of secrecy and leave the level."""
    if scene.ticket.secrecy > 0 and given.get(CONFIDENTIAL, True) is not True:
        raise WayClosed("the mark goes with the level", act=Act.SET_SECRECY.value)


def plain(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


class Note(Body):
    """Something worth keeping that changes nothing."""

    words: Words


def keep_note(scene: Scene, body: Note) -> Outcome:
    return Outcome(words=body.words)


class Classify(Body):
    """As the form stands: the row of the decision table follows from it. ``accused`` is the unit
    that is complained about."""

    accused: Accused | None = None


def classify(scene: Scene, body: Classify) -> Outcome:
    """Kind x urgency x field x enterprise: the row of the table, kept with the ticket."""
    ticket, against = scene.ticket, name_accused(scene, body.accused)
    fill_columns(scene, scene.fields())
    row = follow_row(scene)
    return Outcome(
        TicketState.CLASSIFIED,
        article=row.article,
        details={
            "row": row.key,
            "accepted_by": _accepted_by(scene),
            "ways": list(row.ways),
            "type": ticket.type,
            "urgency": ticket.urgency,
            "category": ticket.category,
            "enterprise": ticket.enterprise,
            **against,
        },
    )


def _accepted_by(scene: Scene) -> str:
    """The article that accepts a matter of this type; empty where none does."""
    accepted = scene.policy.acceptance.accepted
    return accepted.article if scene.ticket.type in accepted.types else ""


def row_of(scene: Scene) -> MatrixRow:
    """The row that decides about the ticket. Raises ``WayClosed`` if it has no class yet."""
    ticket = scene.ticket
    row = scene.policy.matrix.row(ticket.type, ticket.urgency, ticket.category, ticket.enterprise)
    if row is None or not ticket.category:
        raise WayClosed("type, urgency and class are needed first", number=ticket.number)
    return row


def follow_row(scene: Scene) -> MatrixRow:
    """Keep the row that decides, and what it asks for, with the ticket. Raises ``WayClosed``."""
    ticket, row = scene.ticket, row_of(scene)
    ticket.route = row.key
    ticket.fast_track = row.fast_track
    ticket.enforcement = row.enforcement
    ticket.retaliation = row.retaliation
    return row


class AnswerAtOnce(Body):
    """``knowledge`` names the entry and version that was read out (article 17), if there is one."""

    words: Words
    knowledge: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.-]+@[0-9]+$")] | None = None


def answer_at_once(scene: Scene, body: AnswerAtOnce) -> Outcome:
    """Raises ``WayClosed`` where the decision table wants a unit."""
    _open_way(scene, "answer")
    scene.ticket.answered_at = scene.now
    plan_follow_up(scene)
    details = {"knowledge": body.knowledge} if body.knowledge else {}
    return Outcome(TicketState.ANSWERED_AT_ONCE, words=body.words, details=details)


def _open_way(scene: Scene, way: str) -> None:
    ways = row_of(scene).ways
    if way not in ways:
        raise WayClosed("not for a ticket of this kind", way=way, open=list(ways))


class Refuse(Body):
    """``ground`` is a key of the rules; ``words`` what the caller was told beside the channel;
    ``earlier`` the ticket in which the matter was settled, where that is the ground."""

    ground: Key
    words: Text = ""
    earlier: Number | None = None


def refuse(scene: Scene, body: Refuse) -> Outcome:
    """A recorded service: ground, the lawful channel told, and open to review (article 11).

    Raises ``ReasonUnknown``; ``NotSettled`` when ``earlier`` is no settled ticket of this matter,
    or none is found where that is the ground; ``HigherLevel`` for whoever is no supervisor where
    the caller complains of retaliation (46, 48).
    """
    ground = scene.policy.acceptance.ground(body.ground)
    if ground is None:
        raise ReasonUnknown(reason=body.ground)
    if _of_retaliation(scene) and scene.viewer.role != Role.SUPERVISOR:
        raise HigherLevel("a supervisor decides about this", role=Role.SUPERVISOR.value)
    earlier = {}
    if body.earlier is not None or ground.key == SETTLED:
        earlier["earlier"] = settled_before(scene, body.earlier)
    words: str | None = body.words or None
    if not ground.keeps_content:  # a state secret: its category stays, and nothing else
        keep_category_only(scene)
        words = None
    scene.tell("refused", told=ground.told)
    return Outcome(
        TicketState.REFUSED,
        reason=ground.key,
        words=words,
        article=ground.article,
        details={"channel": ground.channel, "told": ground.told, **earlier},
    )


def _of_retaliation(scene: Scene) -> bool:
    """By its form as it stands, or by how it was classified."""
    ticket = scene.ticket
    row = scene.policy.matrix.row(ticket.type, ticket.urgency, ticket.category, ticket.enterprise)
    return ticket.retaliation or (row is not None and row.retaliation)


class AskReview(Body):
    """The caller does not agree with the refusal."""

    words: Text = ""


def ask_review(scene: Scene, body: AskReview) -> Outcome:
    if scene.rows.open_request(scene.number, "review") is None:
        scene.rows.add(
            RequestRow(
                number=scene.number,
                kind="review",
                asked_by=scene.viewer.agent,
                asked_at=scene.now,
                reason="caller_disagrees",
                words_sealed=scene.seal(body.words),
            )
        )
    return Outcome(reason="caller_disagrees", words=body.words or None)


class Review(Body):
    """``upheld``: the refusal stands; otherwise the ticket begins anew."""

    upheld: bool
    words: Words


def review_refusal(scene: Scene, body: Review) -> Outcome:
    """By somebody else than who refused. Raises ``NothingAsked``, ``OwnDecision``."""
    if scene.rows.steps(scene.number, Act.REFUSE)[-1].actor == scene.viewer.agent:
        raise OwnDecision(act=Act.REVIEW_REFUSAL.value)
    request = scene.rows.open_request(scene.number, "review")
    if request is None:
        raise NothingAsked(kind="review")
    request.state = "refused" if body.upheld else "granted"
    request.decided_by = scene.viewer.agent
    request.decided_at = scene.now
    scene.rows.add(request)
    scene.tell("refusal_reviewed", outcome="维持" if body.upheld else "予以受理")
    target = TicketState.REFUSED if body.upheld else TicketState.REGISTERED
    return Outcome(target, reason="upheld" if body.upheld else "overturned", words=body.words)


class SetSecrecy(Body):
    """``words`` say why; without them a level is only raised."""

    level: Annotated[int, Field(ge=0, le=3)]
    words: Text = ""


def set_secrecy(scene: Scene, body: SetSecrecy) -> Outcome:
    """Raised by anybody of the hotline; lowered by its head only, who says why. The form's mark
    goes with the level.

    Raises ``ReasonUnknown``, ``SecretContent``, ``MergeRefused``, ``ActForbidden``, ``Invalid``.
    """
    levels = {level.level: level for level in scene.policy.conduct.secrecy}
    if body.level not in levels:
        raise ReasonUnknown(level=body.level)
    before = scene.ticket.secrecy
    if before >= STATE_SECRET:
        raise SecretContent
    if scene.state is TicketState.MERGED and body.level != before:
        raise MergeRefused("it is released from the main ticket first", why="secrecy")
    if body.level < before:
        _check_lowering(scene, body)
    scene.ticket.secrecy = body.level
    if levels[body.level].keeps_content:
        _mark(scene, confidential=body.level > 0)
    else:
        keep_category_only(scene)
    return Outcome(
        article=levels[body.level].article,
        words=body.words or None,
        details={"before": before, "level": body.level},
    )


def _check_lowering(scene: Scene, body: SetSecrecy) -> None:
    if scene.viewer.role != Role.SUPERVISOR:
        raise ActForbidden(act=Act.SET_SECRECY.value, role=scene.viewer.role, level=body.level)
    if not body.words.strip():
        raise Invalid("a lower level needs a reason", places=["words"])


def _mark(scene: Scene, *, confidential: bool) -> None:
    """A mark that stayed behind would raise the level again with the next change of the form."""
    fields = scene.fields()
    if scene.policy.pack.form.field(CONFIDENTIAL) and fields.get(CONFIDENTIAL) != confidential:
        scene.put_fields(fields | {CONFIDENTIAL: confidential})


INTAKE = (
    ActDef(Act.AMEND, Amend, amend),
    ActDef(Act.NOTE, Note, keep_note),
    ActDef(Act.CLASSIFY, Classify, classify),
    ActDef(Act.ANSWER_AT_ONCE, AnswerAtOnce, answer_at_once),
    ActDef(Act.REFUSE, Refuse, refuse),
    ActDef(Act.ASK_REVIEW, AskReview, ask_review),
    ActDef(Act.REVIEW_REFUSAL, Review, review_refusal),
    ActDef(Act.SET_SECRECY, SetSecrecy, set_secrecy),
)
