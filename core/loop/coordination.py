"""Queries about hard problems on their way up (27) and joint meetings (21)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import String, cast
from sqlmodel import Session, col, select, update

from core.store.loop_tables import MeetingRow, MeetingTicketRow, ProblemRow
from core.store.tables import TicketRow

LARGEST = 2**31 - 1  # number of a row


@dataclass(slots=True)
class Coordination:
    session: Session

    # Hard problems.

    def open_problem(self, number: str) -> ProblemRow | None:
        return self.session.exec(
            select(ProblemRow).where(ProblemRow.number == number, ProblemRow.state == "open")
        ).first()

    def problems(self, number: str) -> list[ProblemRow]:
        """The whole chain of the ticket's problem, in order."""
        query = select(ProblemRow).where(ProblemRow.number == number)
        return [*self.session.exec(query.order_by(col(ProblemRow.id))).all()]

    def settle(self, number: str) -> None:
        """The matter was answered before anybody decided: nothing waits for an opinion."""
        self.session.exec(
            update(ProblemRow)
            .where(col(ProblemRow.number) == number, col(ProblemRow.state) == "open")
            .values(state="settled")
        )

    # Joint meetings.

    def meeting(self, ident: int, *, change: bool = False) -> MeetingRow | None:
        if not 1 <= ident <= LARGEST:  # PostgreSQL refuses to look for it
            return None
        return self.session.get(MeetingRow, ident, with_for_update=change)

    def meetings(self, county: str, unit: str, before: int, limit: int) -> list[MeetingRow]:
        """The newest with a number below ``before``: a county's own, or all for ``county`` "";
        with ``unit`` those to which it is invited."""
        query = select(MeetingRow).where(col(MeetingRow.id) < before)
        if county:
            query = query.where(MeetingRow.county == county)
        if unit:  # the list is JSON, of keys without a quote in them
            invited = cast(col(MeetingRow.units), String)
            query = query.where(invited.contains(f'"{unit}"', autoescape=True))
        return [*self.session.exec(query.order_by(col(MeetingRow.id).desc()).limit(limit))]

    def meetings_on(self, number: str) -> list[MeetingRow]:
        """Those on whose list the ticket is, in order."""
        query = (
            select(MeetingRow)
            .join(MeetingTicketRow, col(MeetingTicketRow.meeting) == col(MeetingRow.id))
            .where(MeetingTicketRow.number == number)
            .order_by(col(MeetingRow.id))
            .with_for_update(of=MeetingRow)
        )
        return [*self.session.exec(query).all()]

    def item(self, meeting: int, number: str) -> MeetingTicketRow | None:
        return self.session.get(MeetingTicketRow, (meeting, number))

    def tickets(self, meeting: int) -> list[TicketRow]:
        """The tickets on the meeting's list, by number."""
        query = select(TicketRow).join(
            MeetingTicketRow, col(MeetingTicketRow.number) == col(TicketRow.number)
        )
        query = query.where(MeetingTicketRow.meeting == meeting)
        return [*self.session.exec(query.order_by(col(TicketRow.number))).all()]

    def items(self, meeting: int) -> list[MeetingTicketRow]:
        """What is on the meeting's list, by number."""
        query = select(MeetingTicketRow).where(MeetingTicketRow.meeting == meeting)
        return [*self.session.exec(query.order_by(col(MeetingTicketRow.number))).all()]


def record_of(meeting: MeetingRow) -> str:
    """The name under which its minutes are sealed."""
    return f"meeting-{meeting.id}"
