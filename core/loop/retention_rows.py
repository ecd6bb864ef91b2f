"""What is past its keep span: the queries of ``core.loop.retention``, each a bounded page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select, update

from core.store.loop_tables import NoticeRow
from core.store.tables import CallRow, RecordingRow, RecordKeyRow, TicketRow

PAGE = 200


def old_tickets(session: Session, before: datetime, after: str) -> Sequence[TicketRow]:
    """Archived before that moment and still readable; by number, after that one."""
    return session.exec(
        select(TicketRow)
        .join(RecordKeyRow, col(RecordKeyRow.record) == TicketRow.number)
        .where(
            col(TicketRow.archived_at) < before,
            col(RecordKeyRow.wrapped) != b"",
            TicketRow.number > after,
        )
        .order_by(col(TicketRow.number))
        .limit(PAGE)
    ).all()


def old_calls(session: Session, before: datetime, after: str) -> Sequence[str]:
    """Ended before that moment, still readable, and their own ticket is not at work any more."""
    at_work = select(TicketRow.call_id).where(
        col(TicketRow.open).is_(True), col(TicketRow.call_id).is_not(None)
    )
    return session.exec(
        select(CallRow.id)
        .join(RecordKeyRow, col(RecordKeyRow.record) == CallRow.id)
        .where(
            col(CallRow.ended_at) < before,
            col(RecordKeyRow.wrapped) != b"",
            col(CallRow.id).not_in(at_work),
            CallRow.id > after,
        )
        .order_by(col(CallRow.id))
        .limit(PAGE)
    ).all()


def mark_recordings(session: Session, before: datetime) -> int:
    """A page of recordings whose call ended before that moment; whoever keeps the files deletes
    them. Returns how many."""
    old = select(CallRow.id).where(col(CallRow.ended_at) < before)
    calls = session.exec(
        select(RecordingRow.call_id)
        .where(col(RecordingRow.erase).is_(False), col(RecordingRow.call_id).in_(old))
        .distinct()
        .limit(PAGE)
    ).all()
    session.exec(
        update(RecordingRow).where(col(RecordingRow.call_id).in_(calls)).values(erase=True)
    )
    return len(calls)


def empty_notices(session: Session, before: datetime) -> int:
    """Text and address of a page of old notices; returns how many there were."""
    ids = session.exec(
        select(NoticeRow.id)
        .where(
            NoticeRow.at < before,
            col(NoticeRow.text_sealed).is_not(None) | col(NoticeRow.address_sealed).is_not(None),
        )
        .limit(PAGE)
    ).all()
    session.exec(
        update(NoticeRow)
        .where(col(NoticeRow.id).in_(ids))
        .values(text_sealed=None, address_sealed=None)
    )
    return len(ids)
