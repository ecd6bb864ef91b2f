"""Every query and every new row of the work-order engine, inside one unit of work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import literal, literal_column, tuple_
from sqlmodel import Session, col, func, select, update

from core.loop.states import Act, TicketState
from core.store.loop_tables import (
    FollowUpRow,
    NoticeRow,
    RatingRow,
    RequestRow,
    StepRow,
    SupervisionRow,
    TaskRow,
    TimerRow,
    WordsRow,
)
from core.store.tables import TicketRow, UtcDateTime

# Written out, not a parameter: only so is the partial index on what waits sure to be used.
_WAITING = col(TimerRow.state) == literal_column("'waiting'")

_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}", re.ASCII)


@dataclass(slots=True)
class LoopRepository:
    session: Session

    def ticket(self, number: str, *, change: bool = False) -> TicketRow | None:
        """With ``change`` the row is locked until the commit: two acts on one ticket take turns.

        None also for what cannot be a number at all.
        """
        if not _NUMBER.fullmatch(number):
            return None
        return self.session.get(TicketRow, number, with_for_update=change, populate_existing=change)

    def seize(self, number: str) -> bool:
        """Lock the ticket without waiting for anybody. False: somebody else has it just now."""
        query = select(TicketRow.number).where(TicketRow.number == number)
        return self.session.exec(query.with_for_update(skip_locked=True)).first() is not None

    # Steps.

    def last_at(self, number: str) -> datetime | None:
        """When the ticket's last step was taken."""
        query = select(StepRow.at).where(StepRow.number == number)
        return self.session.exec(query.order_by(col(StepRow.seq).desc()).limit(1)).first()

    def steps(self, number: str, act: Act | None = None) -> list[StepRow]:
        """The ticket's history, in order."""
        query = select(StepRow).where(StepRow.number == number)
        if act is not None:
            query = query.where(StepRow.act == act.value)
        return [*self.session.exec(query.order_by(col(StepRow.seq))).all()]

    def add(self, row: Any) -> None:
        self.session.add(row)

    # Units' parts.

    def tasks(self, number: str, *, alive: bool = True) -> list[TaskRow]:
        query = select(TaskRow).where(TaskRow.number == number)
        if alive:
            query = query.where(TaskRow.state != "withdrawn")
        return [*self.session.exec(query.order_by(col(TaskRow.id))).all()]

    def main_task(self, number: str) -> TaskRow | None:
        """The main unit's part; the newest, after the matter went back to it."""
        mains = [task for task in self.tasks(number) if task.part == "main"]
        return mains[-1] if mains else None

    def task_of(self, number: str, unit: str) -> TaskRow | None:
        """The unit's part; the one it still has to do, if it has done another one before."""
        mine = [task for task in self.tasks(number) if task.unit == unit]
        return next((task for task in mine if task.state != "done"), mine[-1] if mine else None)

    def close_lists(self, number: str) -> None:
        """The ticket is not open any more: its parts and words leave the lists of what is."""
        for row in (TaskRow, WordsRow):
            self.session.exec(update(row).where(col(row.number) == number).values(open=False))

    # Requests.

    def open_request(self, number: str, kind: str) -> RequestRow | None:
        return self.session.exec(
            select(RequestRow).where(
                RequestRow.number == number, RequestRow.kind == kind, RequestRow.state == "open"
            )
        ).first()

    def requests(self, number: str, kind: str | None = None) -> list[RequestRow]:
        query = select(RequestRow).where(RequestRow.number == number)
        if kind is not None:
            query = query.where(RequestRow.kind == kind)
        return [*self.session.exec(query.order_by(col(RequestRow.id))).all()]

    def void_requests(self, number: str, kinds: Iterable[str]) -> None:
        """What was asked before the ticket went another way is not decided any more."""
        self.session.exec(
            update(RequestRow)
            .where(
                col(RequestRow.number) == number,
                col(RequestRow.state) == "open",
                col(RequestRow.kind).in_(list(kinds)),
            )
            .values(state="void")
        )

    # Timers.

    def set_timer(self, subject: str, kind: str, due_at: datetime, round: int) -> None:
        """Set in one round a second time, it has only moved."""
        self.set_timers(subject, {kind: due_at}, round)

    def set_timers(self, subject: str, moments: Mapping[str, datetime], round: int) -> None:
        """Several at once: when each kind is due."""
        query = select(TimerRow).where(
            TimerRow.subject == subject,
            col(TimerRow.kind).in_(list(moments)),
            TimerRow.round == round,
        )
        known = {timer.kind: timer for timer in self.session.exec(query)}
        for kind, due_at in moments.items():
            timer = known.get(kind)
            if timer is None:
                timer = TimerRow(subject=subject, kind=kind, due_at=due_at, round=round)
            timer.due_at, timer.state = due_at, "waiting"
            self.session.add(timer)

    def void_timers(self, subject: str, kinds: Iterable[str] | None = None) -> None:
        """Nothing of these kinds (all of them) is due for the subject any more."""
        query = update(TimerRow).where(
            col(TimerRow.subject) == subject, col(TimerRow.state) == "waiting"
        )
        if kinds is not None:
            query = query.where(col(TimerRow.kind).in_(list(kinds)))
        self.session.exec(query.values(state="void"))

    def due_timers(
        self, now: datetime, limit: int, after: tuple[datetime, int] | None = None
    ) -> list[TimerRow]:
        """What is due, the oldest first, beyond the (moment, id) ``after``.

        Cost grows with what is due, not with what waits. What somebody else has in hand is left
        to him.
        """
        place = tuple_(col(TimerRow.due_at), col(TimerRow.id))
        query = select(TimerRow).where(_WAITING, TimerRow.due_at <= now)
        if after is not None:
            moment, ident = after
            query = query.where(place > tuple_(literal(moment, UtcDateTime()), literal(ident)))
        query = query.order_by(col(TimerRow.due_at), col(TimerRow.id)).limit(limit)
        return [*self.session.exec(query.with_for_update(skip_locked=True)).all()]

    def stuck_timers(self) -> list[TimerRow]:
        """What failed too often, the oldest first."""
        query = select(TimerRow).where(TimerRow.state == "stuck")
        return [*self.session.exec(query.order_by(col(TimerRow.due_at))).all()]

    # Supervision, follow-up, rating.

    def supervisions(self, number: str) -> list[SupervisionRow]:
        query = select(SupervisionRow).where(SupervisionRow.number == number)
        return [*self.session.exec(query.order_by(col(SupervisionRow.id))).all()]

    def supervision(self, number: str, rung: str, round: int) -> SupervisionRow | None:
        return self.session.exec(
            select(SupervisionRow).where(
                SupervisionRow.number == number,
                SupervisionRow.rung == rung,
                SupervisionRow.round == round,
            )
        ).first()

    def open_feedback(self, number: str, rung: str, unit: str) -> SupervisionRow | None:
        """What a unit owes a word on, the latest."""
        return self.session.exec(
            select(SupervisionRow)
            .where(
                SupervisionRow.number == number,
                SupervisionRow.rung == rung,
                SupervisionRow.unit == unit,
                col(SupervisionRow.feedback_due).is_not(None),
                col(SupervisionRow.feedback_at).is_(None),
            )
            .order_by(col(SupervisionRow.id).desc())
        ).first()

    def follow_ups(self, number: str, round: int | None = None) -> list[FollowUpRow]:
        query = select(FollowUpRow).where(FollowUpRow.number == number)
        if round is not None:
            query = query.where(FollowUpRow.round == round)
        return [*self.session.exec(query.order_by(col(FollowUpRow.id))).all()]

    def rating(self, number: str) -> RatingRow | None:
        return self.session.get(RatingRow, number)

    # Related tickets.

    def merged_into(self, number: str) -> list[TicketRow]:
        """Tickets that were merged into this one, also those that went on from there."""
        query = select(TicketRow).where(TicketRow.parent == number)
        return [*self.session.exec(query.order_by(col(TicketRow.number))).all()]

    def tied_to(self, main: TicketRow) -> list[TicketRow]:
        """Those whose fate hangs on it or whose secrecy differs from its own; for change."""
        query = select(TicketRow).where(
            TicketRow.parent == main.number,
            (col(TicketRow.state) == TicketState.MERGED.value)
            | (col(TicketRow.secrecy) != main.secrecy),
        )
        return [*self.session.exec(query.order_by(col(TicketRow.number)).with_for_update()).all()]

    # Notices.

    def add_notice(
        self,
        *,
        number: str | None,
        template: str,
        recipient: str,
        channel: str,
        text: bytes,
        at: datetime,
        address: bytes | None = None,
    ) -> None:
        self.session.add(
            NoticeRow(
                number=number,
                template=template,
                recipient=recipient,
                channel=channel,
                text_sealed=text,
                address_sealed=address,
                at=at,
                next_at=at,
            )
        )

    def notices(self, number: str) -> list[NoticeRow]:
        query = select(NoticeRow).where(NoticeRow.number == number)
        return [*self.session.exec(query.order_by(col(NoticeRow.id))).all()]

    def count(self, model: type[Any], *where: Any) -> int:
        return self.session.exec(select(func.count()).select_from(model).where(*where)).one()
