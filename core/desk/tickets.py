"""Writes a draft down as a ticket, under a number that is never given twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from pydantic import JsonValue
from sqlmodel import Session, text

from core.clock import Clock
from core.desk.records import Records
from core.draft import OpenTicket
from core.errors import NotFound
from core.pack import CityPack
from core.ports import Viewer
from core.store.outbox import NOBODY, note
from core.store.tables import CallRow, CounterRow, TicketRow
from core.store.vault import Vault
from core.views import TicketView

REGISTERED = "registered"
FIRST_OF_THE_DAY = text(
    "INSERT INTO counter (name, value) VALUES (:name, 0) ON CONFLICT (name) DO NOTHING"
)


class TicketWriter:
    def __init__(self, pack: CityPack, records: Records, vault: Vault, clock: Clock) -> None:
        self._pack = pack
        self._records = records
        self._vault = vault
        self._clock = clock

    def write(
        self, session: Session, call: CallRow, fields: Mapping[str, JsonValue], viewer: Viewer
    ) -> str:
        """Register the ticket in the caller's transaction; returns its number."""
        number = self._next_number(session)
        contact = fields.get("contact_phone")
        session.add(
            TicketRow(
                number=number,
                call_id=call.id,
                state=REGISTERED,
                source_line=call.source_line,
                agent=viewer.agent,
                fields_sealed=self._vault.seal(
                    session, number, json.dumps(dict(fields), ensure_ascii=False)
                ),
                caller_digest=call.caller_digest,
                contact_digest=self._vault.digest(contact) if isinstance(contact, str) else None,
                created_at=self._clock.now(),
            )
        )
        session.flush()
        note(session, "ticket", number, call.agent or NOBODY, self._clock.now())
        return number

    def read(self, session: Session, number: str) -> TicketView:
        """Raises ``NotFound``."""
        row = session.get(TicketRow, number)
        if row is None:
            raise NotFound("no such ticket", number=number)
        return self._records.ticket(session, row)

    def _next_number(self, session: Session) -> str:
        """Prefix of the pack, the city's date, and a count that starts anew each day."""
        city = self._pack.city
        today = self._clock.now().astimezone(ZoneInfo(city.timezone)).strftime("%Y%m%d")
        name = f"ticket-{today}"
        # The day's first two tickets may come at once: whoever is second finds the row.
        session.execute(FIRST_OF_THE_DAY, {"name": name})
        counter = session.get_one(CounterRow, name, with_for_update=True)
        counter.value += 1
        session.add(counter)
        return f"{city.ticket_prefix}{today}{counter.value:05d}"


def history_of(session: Session, records: Records, call: CallRow) -> tuple[OpenTicket, ...]:
    """The caller's open tickets as the draft's rules need them."""
    views = [
        records.ticket(session, session.get_one(TicketRow, number))
        for number in records.open_tickets(session, call)
    ]
    return tuple(
        OpenTicket(
            number=view.number,
            title=_text(view.fields.get("title")) or "",
            category=_texts(view.fields.get("category")),
            district=_text(view.fields.get("district")),
            address=_text(view.fields.get("address")),
            created_at=view.created_at,
        )
        for view in views
    )


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(part) for part in value) if isinstance(value, list) else ()
