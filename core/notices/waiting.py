"""The notices that wait, and what becomes of them: every query, inside one unit of work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from core.store.loop_tables import NoticeRow


@dataclass(slots=True)
class Waiting:
    session: Session

    def claim(self, now: datetime, lease: timedelta, limit: int) -> list[NoticeRow]:
        """The oldest that are due; nobody else takes them while the lease lasts.

        The attempt is counted now: one that a crash interrupts was one, too.
        """
        rows = self.session.exec(
            select(NoticeRow)
            .where(NoticeRow.state == "waiting", col(NoticeRow.next_at) <= now)
            .order_by(col(NoticeRow.next_at), col(NoticeRow.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.attempts += 1
            row.next_at = now + lease
            self.session.add(row)
        return [*rows]

    def sent(self, id: int, receipt: str, now: datetime) -> None:
        """Once: who comes second with the same notice changes nothing."""
        row = self.row(id, change=True)
        if row.state == "waiting":
            row.state, row.sent_at, row.receipt, row.next_at = "sent", now, receipt, None

    def later(self, id: int, error_id: str, at: datetime) -> None:
        row = self.row(id, change=True)
        if row.state == "waiting":
            row.receipt, row.next_at = error_id, at

    def ended(self, id: int, state: str, error_id: str) -> None:
        """Not sent, and not tried again: ``failed``, or ``void`` where it must not be sent."""
        row = self.row(id, change=True)
        if row.state == "waiting":
            row.state, row.receipt, row.next_at = state, error_id, None

    def received(self, id: int) -> None:
        """The far end confirmed it."""
        row = self.row(id, change=True)
        if row.state == "sent":
            row.state = "received"

    def failed(self, limit: int) -> list[NoticeRow]:
        """What nobody was told although it was owed; the latest first."""
        query = select(NoticeRow).where(NoticeRow.state == "failed")
        return [*self.session.exec(query.order_by(col(NoticeRow.id).desc()).limit(limit)).all()]

    def row(self, id: int, *, change: bool = False) -> NoticeRow:
        return self.session.get_one(NoticeRow, id, with_for_update=change, populate_existing=True)
