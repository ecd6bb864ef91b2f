"""Has this been told before? A proposal to a person, never a decision (article 3).

The same caller about the same class and place is a repeat, another caller about them tells of the
same event. Nothing is ever proposed or merged across the line of secrecy (article 39).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from core.loop.errors import AccusedHandles, MergeRefused, NotSettled
from core.loop.repository import LoopRepository
from core.loop.responsibility import kept_from
from core.loop.scene import Scene
from core.loop.states import UNSETTLED, TicketState
from core.people.sight import sees
from core.policy.book import Policy
from core.policy.deadlines import before, due
from core.ports import Viewer
from core.store.tables import TicketRow
from core.views import View

MOST = 20
REPEAT, EVENT = "repeat", "event"  # TicketRow.parent_kind
_DONE = frozenset(TicketState) - UNSETTLED - {TicketState.MERGED, TicketState.REFUSED}


class Repeat(View):
    """An earlier ticket about the matter. ``repeat`` and ``event`` are proposed to be merged into,
    ``settled`` to be refused with ``ground`` if nothing is new, or dispatched again if it is."""

    kind: Literal["repeat", "event", "settled"]
    number: str
    state: str
    unit: str
    created_at: datetime
    same_place: bool  # False: one of the two does not say where
    ground: str = ""


def find(
    session: Session, viewer: Viewer, ticket: TicketRow, policy: Policy, now: datetime
) -> tuple[Repeat, ...]:
    """What the viewer may be told of, the likeliest first; bounded."""
    if not ticket.category or not merges(policy, ticket.secrecy):
        return ()
    rows, calendar, rules = LoopRepository(session), policy.calendar, policy.conduct.repeats
    found = []
    # A day wider than the rule, which ends with a day; ``settled_lately`` is exact.
    since = before(calendar, now, rules.settled_within) - timedelta(days=1)
    for other in session.exec(_candidates(ticket, since)):
        mine = same_caller(ticket, other)
        if not (same_place(ticket, other) or (mine and _place_unsaid(ticket, other))):
            continue
        if not sees(viewer, other, rows.tasks(other.number)):
            continue
        kind: Literal["repeat", "event", "settled"] = "repeat" if mine else "event"
        if TicketState(other.state) not in UNSETTLED:
            if not mine or not settled_lately(policy, other, now):
                continue
            kind = "settled"
        found.append(
            Repeat(
                kind=kind,
                number=other.number,
                state=other.state,
                unit=other.unit,
                created_at=other.created_at,
                same_place=same_place(ticket, other),
                ground=rules.ground if kind == "settled" else "",
            )
        )
    order = ("repeat", "event", "settled")
    return tuple(sorted(found, key=lambda one: order.index(one.kind)))[:MOST]


def _candidates(ticket: TicketRow, since: datetime) -> SelectOfScalar[TicketRow]:
    digests = _digests(ticket)
    who: list[ColumnElement[bool]] = []
    if digests:
        who += [
            col(TicketRow.caller_digest).in_(digests),
            col(TicketRow.contact_digest).in_(digests),
        ]
    if ticket.place_digest:
        who.append(col(TicketRow.place_digest) == ticket.place_digest)
    return (
        select(TicketRow)
        .where(
            or_(*who) if who else col(TicketRow.number).is_(None),
            TicketRow.category == ticket.category,
            TicketRow.number != ticket.number,
            TicketRow.secrecy == ticket.secrecy,
            col(TicketRow.state).in_([state.value for state in UNSETTLED])
            | (
                col(TicketRow.state).in_([state.value for state in _DONE])
                & (col(TicketRow.answered_at) >= since)
            ),
        )
        .order_by(col(TicketRow.created_at).desc())
        .limit(MOST * 5)
    )


def _digests(ticket: TicketRow) -> set[str]:
    return {digest for digest in (ticket.caller_digest, ticket.contact_digest) if digest}


def same_caller(one: TicketRow, other: TicketRow) -> bool:
    """Known by the calling or the contact number; who left neither is nobody's double."""
    return not _digests(one).isdisjoint(_digests(other))


def same_place(one: TicketRow, other: TicketRow) -> bool:
    return one.place_digest is not None and one.place_digest == other.place_digest


def _place_unsaid(one: TicketRow, other: TicketRow) -> bool:
    unsaid = one.place_digest is None or other.place_digest is None
    return unsaid and (one.county == other.county or "" in (one.county, other.county))


def settled_lately(policy: Policy, ticket: TicketRow, now: datetime) -> bool:
    """Whether its answer is so young that the same matter is not dispatched a second time."""
    if TicketState(ticket.state) not in _DONE or ticket.answered_at is None:
        return False
    return now <= due(policy.calendar, ticket.answered_at, policy.conduct.repeats.settled_within)


def merges(policy: Policy, secrecy: int) -> bool:
    """Whether tickets of this secrecy may be merged at all."""
    return any(level.level == secrecy and level.merges for level in policy.conduct.secrecy)


def check_merge(scene: Scene, main: TicketRow) -> None:
    """Raises ``MergeRefused``, ``AccusedHandles``."""
    ticket = scene.ticket
    if main.number == ticket.number:
        raise MergeRefused(why="itself")
    if main.state == TicketState.MERGED:
        raise MergeRefused(why="merged_itself", main=main.parent)
    if TicketState(main.state) not in UNSETTLED:
        raise MergeRefused(why="settled", state=main.state)
    if main.secrecy != ticket.secrecy or not merges(scene.policy, ticket.secrecy):
        raise MergeRefused(why="secrecy")
    if main.county and ticket.county and main.county != ticket.county:
        raise MergeRefused(why="county", county=main.county)
    row = scene.policy.matrix.row(ticket.type, ticket.urgency, ticket.category, ticket.enterprise)
    way = (row.fast_track, row.enforcement, row.retaliation) if row else (False, False, False)
    if way != (main.fast_track, main.enforcement, main.retaliation):
        raise MergeRefused(why="way")  # articles 32, 33, 48 are not got round by merging
    today = scene.policy.calendar.day_of(scene.now)
    for task in scene.rows.tasks(main.number):
        if kept_from(scene.policy, ticket, task.unit, today):
            raise AccusedHandles(unit=task.unit)


def earlier_settled(scene: Scene, number: str) -> TicketRow:
    """The settled ticket that a new one is about. Raises ``NotSettled``, also for what the viewer
    may not see."""
    other = scene.rows.ticket(number)
    if (
        other is None
        or not sees(scene.viewer, other, scene.rows.tasks(number))
        or TicketState(other.state) not in _DONE
        or not same_caller(scene.ticket, other)
        or other.category != scene.ticket.category
        or other.secrecy != scene.ticket.secrecy
    ):
        raise NotSettled(number=number)
    return other


def settled_before(scene: Scene, number: str | None) -> str:
    """The number of the ticket in which the matter was answered: the one that is named, or the
    youngest that is found. Raises ``NotSettled``."""
    if number is not None:
        if earlier_settled(scene, number).answered_at is None:
            raise NotSettled(number=number)
        return number
    rows, policy = scene.rows, scene.policy
    for one in find(rows.session, scene.viewer, scene.ticket, policy, scene.now):
        if one.kind == "settled":
            return one.number
    raise NotSettled("no settled ticket of this caller and matter; name one")
