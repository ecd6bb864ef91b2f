"""Rows to views: what the database holds, opened and put into the words of ``core.views``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from pydantic import JsonValue, TypeAdapter
from sqlmodel import Session, col, select

from core.calls import CallState, Leg
from core.errors import NotFound
from core.pack import CityPack
from core.store.tables import CallRow, DraftRow, RecordingRow, SegmentRow, TicketRow
from core.store.vault import RecordErased, Vault
from core.views import CallView, DraftView, FieldView, SegmentView, TicketView

_FIELDS = TypeAdapter(dict[str, FieldView])
CLOSED_TICKETS = ("archived",)


class Records:
    """Reads calls, segments, drafts and tickets; needs the vault for their text."""

    def __init__(self, vault: Vault, pack: Callable[[], CityPack]) -> None:
        self._vault = vault
        self._pack = pack

    def _line_name(self, key: str) -> str:
        return next((line.name for line in self._pack().lines if line.key == key), "")

    def _open(self, session: Session, record: str, sealed: bytes | None, erased: str) -> str:
        """The text, or ``erased`` where it was lawfully deleted."""
        if sealed is None:
            return erased
        try:
            return self._vault.open(session, record, sealed)
        except RecordErased:
            return erased

    def call_row(self, session: Session, call_id: str) -> CallRow:
        """Raises ``NotFound``."""
        row = session.get(CallRow, call_id)
        if row is None:
            raise NotFound("no such call", call_id=call_id)
        return row

    def caller_number(self, session: Session, row: CallRow) -> str | None:
        return self._open(session, row.id, row.caller_sealed, "") or None

    def open_tickets(self, session: Session, row: CallRow) -> tuple[str, ...]:
        """Numbers of this caller's other tickets that are not archived, newest first."""
        if row.caller_digest is None:
            return ()
        return tuple(
            session.exec(
                select(TicketRow.number)
                .where(
                    (col(TicketRow.caller_digest) == row.caller_digest)
                    | (col(TicketRow.contact_digest) == row.caller_digest),
                    col(TicketRow.state).not_in(CLOSED_TICKETS),
                    (col(TicketRow.call_id) != row.id) | col(TicketRow.call_id).is_(None),
                )
                .order_by(col(TicketRow.created_at).desc())
                .limit(10)
            ).all()
        )

    def calls_at_work(self, session: Session, ticket: TicketRow) -> list[CallRow]:
        """Other calls of the ticket's numbers that have not ended or have no ticket yet, newest
        first."""
        numbers = {ticket.caller_digest, ticket.contact_digest} - {None}
        unfinished = select(DraftRow.call_id).where(col(DraftRow.ticket).is_(None))
        query = select(CallRow).where(
            col(CallRow.caller_digest).in_(numbers),
            CallRow.id != ticket.call_id,
            (col(CallRow.state) != CallState.ENDED.value) | col(CallRow.id).in_(unfinished),
        )
        return [*session.exec(query.order_by(col(CallRow.arrived_at).desc()).limit(10)).all()]

    def call(self, session: Session, row: CallRow) -> CallView:
        recordings = session.exec(
            select(RecordingRow.leg).where(RecordingRow.call_id == row.id)
        ).all()
        known = {
            "recordings": tuple(sorted(recordings)),
            "open_tickets": self.open_tickets(session, row),
        }
        return self.told(row, self.caller_number(session, row)).model_copy(update=known)

    def told(self, row: CallRow, caller_number: str | None) -> CallView:
        """What the telephone has told of a call; what would have to be looked up is left out."""
        return CallView(
            call_id=row.id,
            state=CallState(row.state),
            caller_number=caller_number,
            dialled=row.dialled,
            source_line=row.source_line,
            line_name=self._line_name(row.source_line),
            queue=row.queue,
            agent=row.agent,
            keys=row.keys,
            arrived_at=row.arrived_at,
            queued_at=row.queued_at,
            offered_at=row.offered_at,
            connected_at=row.connected_at,
            ended_at=row.ended_at,
            transcript=row.transcript,
            open_tickets=None,
        )

    def segment(self, session: Session, row: SegmentRow) -> SegmentView:
        return SegmentView(
            segment_id=row.id,
            call_id=row.call_id,
            leg=Leg(row.leg),
            party=row.party,
            start_ms=row.start_ms,
            end_ms=row.end_ms,
            text=self._open(session, row.call_id, row.text_sealed, ""),
            engine=row.engine,
            final=True,
        )

    def segments(self, session: Session, call_id: str) -> list[SegmentView]:
        """A call's final segments in the order in which they were said."""
        rows = session.exec(
            select(SegmentRow)
            .where(SegmentRow.call_id == call_id)
            .order_by(col(SegmentRow.start_ms), col(SegmentRow.id))
        ).all()
        return [self.segment(session, row) for row in rows]

    def draft(self, session: Session, row: DraftRow) -> DraftView:
        return DraftView(
            call_id=row.call_id,
            version=row.version,
            fields=_FIELDS.validate_json(self._open(session, row.call_id, row.fields_sealed, "{}")),
            submitted=row.ticket,
        )

    def seal_draft(self, session: Session, call_id: str, fields: Mapping[str, FieldView]) -> bytes:
        return self._vault.seal(session, call_id, _FIELDS.dump_json(dict(fields)).decode())

    def ticket(self, session: Session, row: TicketRow) -> TicketView:
        fields: dict[str, JsonValue] = json.loads(
            self._open(session, row.number, row.fields_sealed, "{}")
        )
        return self.bare_ticket(row).model_copy(update={"fields": fields})

    def bare_ticket(self, row: TicketRow) -> TicketView:
        """How it stands, without its form."""
        return TicketView(
            number=row.number,
            call_id=row.call_id,
            state=row.state,
            created_at=row.created_at,
            agent=row.agent,
            fields={},
        )
