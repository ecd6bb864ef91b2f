"""What waits for somebody, the oldest first: requests, problems, feedback that is owed.

Those who decide see what they may settle as the ticket stands now, units what they asked for and
what they owe. Only ids, codes and times: nothing of what anybody said.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, literal, tuple_
from sqlmodel import Session, and_, col, false, func, or_, select

from core.clock import Clock
from core.loop.errors import ActForbidden
from core.loop.query import QueryInvalid
from core.loop.states import MOVES, Act
from core.loop.unsettled import SETTLES, TABLES, Open, asked_at, line
from core.loop.views import WaitingPage
from core.people.access import AccessLog
from core.people.logged import tried
from core.people.roles import ABOVE, UNITS
from core.people.sight_clause import seen_by
from core.policy.book import PolicyBook
from core.ports import Viewer
from core.store.loop_tables import ProblemRow, RequestRow, SupervisionRow
from core.store.tables import TicketRow, UtcDateTime

ACT = "list_waiting"
MOST = 100
DECIDE = frozenset().union(*(MOVES[act].roles for act in (*SETTLES.values(), Act.DECIDE_PROBLEM)))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = re.compile(r"([0-9]{1,17})-([0-2])-([0-9]{1,10})")

Condition = ColumnElement[bool] | SQLColumnExpression[bool]
Work = Callable[[Callable[[Session], Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A line's place in the order: when, of which table, which row."""

    at: datetime
    table: int
    id: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.table}-{self.id}"

    @classmethod
    def read(cls, text: str) -> Mark | None:
        """None for the first page. Raises ``QueryInvalid``."""
        if text == "":
            return None
        found = _MARK.fullmatch(text)
        if found is None:
            raise QueryInvalid(field="after")
        return cls(_EPOCH + timedelta(microseconds=int(found[1])), int(found[2]), int(found[3]))


class WaitingDesk:
    """``write`` runs a unit of work; reading the list is written to the access log."""

    def __init__(
        self, write: Work, policies: Callable[[], PolicyBook], log: AccessLog, clock: Clock
    ) -> None:
        self._write = write
        self._policies = policies
        self._log = log
        self._clock = clock

    async def waiting(self, viewer: Viewer, after: str = "", limit: int = 50) -> WaitingPage:
        """A page of what the viewer may settle, or his unit owes or has asked for.

        Raises ``ActForbidden`` for whoever decides nothing; ``QueryInvalid``.
        """
        mark, most = Mark.read(after), max(1, min(limit, MOST))

        def work(session: Session) -> WaitingPage:
            if viewer.role not in DECIDE | UNITS:
                raise ActForbidden(act=ACT, role=viewer.role)
            found = self._found(session, viewer, mark, most + 1)
            now, pack = self._clock.now(), self._policies().pack
            lines = tuple(line(row, unit, pack, now) for _, row, unit in found[:most])
            shown = [*dict.fromkeys(one.number for one in lines)]
            self._log.enter_page(session, viewer, ACT, shown)
            more = len(found) > most
            return WaitingPage(lines=lines, after=str(found[most - 1][0]) if more else None)

        page: WaitingPage = await tried(self._write, self._log, viewer, ACT, "", work)
        return page

    def _found(
        self, session: Session, viewer: Viewer, mark: Mark | None, most: int
    ) -> list[tuple[Mark, Open, str]]:
        """Rows of all tables with the unit that has the ticket; each table gives its oldest."""
        found: list[tuple[Mark, Open, str]] = []
        for table, (row, at, is_open) in enumerate(TABLES):
            query = (
                select(row, TicketRow.unit)
                .join(TicketRow, col(TicketRow.number) == col(row.number))
                .where(is_open, seen_by(viewer), self._his(viewer, row))
                .order_by(at, col(row.id))
                .limit(most)
            )
            if mark is not None:
                query = query.where(_beyond(mark, table, at, col(row.id)))
            found += [
                (Mark(asked_at(one), table, one.id or 0), one, unit)
                for one, unit in session.exec(query)
            ]
        return sorted(found, key=lambda one: one[0])[:most]

    def _his(self, viewer: Viewer, row: type[Open]) -> Condition:
        """What of a table is the viewer's to settle, or his unit's to wait for."""
        mine = viewer.role in UNITS
        if row is RequestRow:
            kinds = [kind for kind in SETTLES if mine or viewer.role in MOVES[SETTLES[kind]].roles]
            now = (and_(RequestRow.kind == kind, _stands_for(SETTLES[kind])) for kind in kinds)
            whose = RequestRow.unit == viewer.unit if mine else _level(viewer)
            return and_(or_(false(), *now), whose)
        if row is ProblemRow:
            # Not by the index of a unit's tickets, which holds all that it ever had.
            holder = func.coalesce(col(TicketRow.unit), "")
            whose = holder == viewer.unit if mine else self._at_his_level(viewer)
            return and_(_stands_for(Act.DECIDE_PROBLEM), whose)
        if not mine and viewer.role not in MOVES[Act.SUPERVISE].roles:
            return false()
        # Who does not have the ticket any more owes nothing.
        return and_(
            _stands_for(Act.FEED_BACK),
            col(SupervisionRow.unit) == (viewer.unit if mine else col(TicketRow.unit)),
        )

    def _at_his_level(self, viewer: Viewer) -> Condition:
        """Which role decides at a level is said by the ticket's own version of the rules."""
        return or_(
            false(),
            *(
                and_(
                    TicketRow.policy == policy.version,
                    col(ProblemRow.level).in_(
                        [
                            number
                            for number, level in enumerate(policy.supervision.levels, 1)
                            if level.role == viewer.role
                        ]
                    ),
                )
                for policy in self._policies().versions
            ),
        )


def _stands_for(act: Act) -> Condition:
    """The ticket is in a state in which the act may be done."""
    return col(TicketRow.state).in_(sorted(MOVES[act].sources))


def _level(viewer: Viewer) -> Condition:
    """What the hotline may not decide any more waits for those above it."""
    return col(RequestRow.level) <= (2 if viewer.role in ABOVE else 1)


def _beyond(mark: Mark, table: int, at: Any, ident: Any) -> Condition:
    moment = literal(mark.at, UtcDateTime())
    if table == mark.table:
        return tuple_(at, ident) > tuple_(moment, literal(mark.id))
    beyond: Condition = at >= moment if table > mark.table else at > moment
    return beyond
