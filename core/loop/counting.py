"""The statements behind the rates, one for each kind of row."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import SQLColumnExpression, and_, case, exists, literal_column, or_, select
from sqlmodel import Session, col, func

from core.loop.shares import Period, Rates, Share, Slice
from core.loop.states import RUNNING
from core.policy.book import PolicyBook
from core.store.loop_tables import FollowUpRow, RatingRow, StepRow, TaskRow
from core.store.tables import CallRow, TicketRow

Condition = SQLColumnExpression[bool]
# Written out, not bound: SQLite then sees that the partial index holds them all.
_EXEMPT: SQLColumnExpression[str] = literal_column("'exempt'")
_PART = tuple(
    col(column)
    for column in (
        TaskRow.number,
        TaskRow.unit,
        TaskRow.state,
        TaskRow.sign_due,
        TaskRow.signed_at,
    )
)


@dataclass(frozen=True, slots=True)
class Counting:
    """One report: one statement for each kind of row."""

    period: Period
    by: Slice | None
    sight: Condition
    policies: PolicyBook
    now: datetime
    unit: str | None = None  # only what this one answers for

    def count(self, session: Session) -> dict[str, Rates]:
        found: defaultdict[str, Rates] = defaultdict(Rates)
        for key, whole, contacted, solved, satisfied in session.execute(self._answers()):
            found[key].response = Share(contacted, whole)
            found[key].solution = Share(solved, whole)
            found[key].satisfaction = Share(satisfied, whole)
        for key, whole, good in session.execute(self._ratings()):
            found[key].rating = Share(good, whole)
        for key, whole, good in session.execute(self._signed()):
            found[key].signed_in_time = Share(good, whole)
        for key, whole, good in session.execute(self._handled()):
            found[key].handled_in_time = Share(good, whole)
        for key, reason, times in session.execute(self._left_out()):
            found[key].left_out[reason] = times
        return dict(found)

    def _key(self, unit: SQLColumnExpression[str]) -> SQLColumnExpression[str]:
        if self.by is None:
            return literal_column("''")
        return unit if self.by is Slice.UNIT else getattr(TicketRow, self.by.value)

    def _own(self, unit: SQLColumnExpression[str]) -> tuple[Condition, ...]:
        return () if self.unit is None else (unit == self.unit,)

    def _groups(self, key: SQLColumnExpression[str]) -> tuple[SQLColumnExpression[str], ...]:
        return () if self.by is None else (key,)

    def _answers(self) -> Any:
        """The last answer of each ticket in the period."""
        row = FollowUpRow
        last = (
            select(func.max(col(row.id)))
            .where(col(row.reached), self.period.holds(col(row.at)))
            .group_by(col(row.number))
        )
        key = self._key(col(TicketRow.unit))
        return (
            select(key, func.count(), _yes(row.contacted), _yes(row.solved), _yes(row.satisfied))
            .select_from(row)
            .join(TicketRow, col(TicketRow.number) == col(row.number))
            .where(col(row.id).in_(last), self.sight, ~self._void())
            .where(*self._own(col(TicketRow.unit)))
            .group_by(*self._groups(key))
        )

    def _ratings(self) -> Any:
        """By the levels of the rules by which the ticket is handled."""
        row, key = RatingRow, self._key(col(RatingRow.unit))
        good = or_(
            *(
                and_(
                    col(TicketRow.policy) == policy.version,
                    col(row.level) <= policy.limits.follow_up.satisfied,
                )
                for policy in self.policies.versions
            )
        )
        return (
            select(key, func.count(), _yes(good))
            .select_from(row)
            .join(TicketRow, col(TicketRow.number) == col(row.number))
            .where(col(row.level).is_not(None), self.period.holds(col(row.at)))
            .where(self.sight, ~self._void(), *self._own(col(RatingRow.unit)))
            .group_by(*self._groups(key))
        )

    def _signed(self) -> Any:
        """What was to be signed for in the period. Taken back in time, it was nobody's to sign."""
        row = TaskRow
        next_given = func.lead(col(row.given_at)).over(
            partition_by=col(row.number), order_by=col(row.id)
        )
        parts = (
            select(*_PART, next_given.label("taken"))
            .where(col(row.part) == "main")
            .subquery("parts")
        )
        part = parts.c
        late_or_signed = or_(
            part.signed_at.is_not(None), part.state != "withdrawn", part.taken > part.sign_due
        )
        key = self._key(part.unit)
        return (
            select(key, func.count(), _yes(part.signed_at <= part.sign_due))
            .select_from(parts)
            .join(TicketRow, col(TicketRow.number) == part.number)
            .where(self.period.holds(part.sign_due), part.sign_due < self.now, late_or_signed)
            .where(self.sight, *self._own(part.unit))
            .group_by(*self._groups(key))
        )

    def _handled(self) -> Any:
        """What was to be handled in the period; what stands still by the rules is not due."""
        row = TaskRow
        done = col(row.state) == "done"
        running = and_(
            col(row.state).in_(("open", "signed")), col(TicketRow.state).in_(sorted(RUNNING))
        )
        due = case((done, col(row.due)), else_=col(TicketRow.handle_due))
        key = self._key(col(row.unit))
        return (
            select(key, func.count(), _yes(and_(done, col(row.done_at) <= due)))
            .select_from(row)
            .join(TicketRow, col(TicketRow.number) == col(row.number))
            .where(col(row.part) == "main", or_(done, running))
            .where(self.period.holds(due), due < self.now, self.sight, *self._own(col(row.unit)))
            .group_by(*self._groups(key))
        )

    def _left_out(self) -> Any:
        row, key = StepRow, self._key(col(TicketRow.unit))
        return (
            select(key, col(row.reason), func.count())
            .select_from(row)
            .join(TicketRow, col(TicketRow.number) == col(row.number))
            .where(col(row.act) == _EXEMPT, self.period.holds(col(row.at)), self.sight)
            .where(*self._own(col(TicketRow.unit)))
            .group_by(*self._groups(key), col(row.reason))
        )

    def _void(self) -> Condition:
        """Found to be such that the caller's answer does not count: whenever it was found."""
        row = StepRow
        reasons = [
            and_(col(row.policy) == policy.version, col(row.reason).in_(void))
            for policy in self.policies.versions
            if (void := [one.key for one in policy.limits.follow_up.exemptions if one.void])
        ]
        return exists().where(
            col(row.number) == col(TicketRow.number),
            col(row.act) == _EXEMPT,
            or_(*reasons) if reasons else literal_column("0") == 1,
        )


def _yes(condition: Any) -> SQLColumnExpression[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def ratings_of_agents(session: Session, period: Period) -> dict[str, Counter[str]]:
    """By agent and key, of the calls that arrived in the period."""
    row = CallRow
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    asked = (
        select(col(row.agent), col(row.rating), func.count())
        .where(col(row.agent).is_not(None), col(row.rating).is_not(None))
        .where(period.holds(col(row.arrived_at)))
        .group_by(col(row.agent), col(row.rating))
    )
    for agent, key, times in session.execute(asked):
        found[agent][key] = times
    return dict(found)
