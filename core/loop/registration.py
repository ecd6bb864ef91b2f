"""The first step: a ticket comes into being, from a call's draft or by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from pydantic import JsonValue
from sqlmodel import Session, text

from core.clock import Clock
from core.loop.columns import check_fields, fill
from core.loop.repository import LoopRepository
from core.loop.scene import Outcome, Scene
from core.loop.states import Act, TicketState
from core.loop.steps import write_step
from core.policy.book import PolicyBook
from core.ports import Viewer
from core.search.blind import keep_words
from core.store.tables import CallRow, TicketRow
from core.store.vault import Vault

# One statement: the day's first two tickets may come at once, and whoever is second waits.
NEXT = text(
    "INSERT INTO counter (name, value) VALUES (:name, 1)"
    " ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value"
)


class Registrar:
    """Writes tickets down under numbers that are never given twice."""

    def __init__(self, vault: Vault, policies: Callable[[], PolicyBook], clock: Clock) -> None:
        self._vault = vault
        self._policies = policies
        self._clock = clock

    def register(
        self,
        session: Session,
        viewer: Viewer,
        fields: Mapping[str, JsonValue],
        call: CallRow | None = None,
        split_from: TicketRow | None = None,
    ) -> TicketRow:
        """Register in the caller's unit of work. May be incomplete; dated by the rules of today.

        ``split_from``: the ticket that told of this matter too; caller and secrecy are its own.
        Raises ``FieldUnknown``.
        """
        check_fields(self._policies().pack.form, fields)
        now = self._clock.now()
        number = self._next_number(session)
        sealed = self._vault.seal(session, number, json.dumps(dict(fields), ensure_ascii=False))
        ticket = TicketRow(
            number=number,
            call_id=call.id if call else None,
            state=TicketState.REGISTERED.value,
            source_line=call.source_line if call else "",
            agent=viewer.agent,
            fields_sealed=sealed,
            caller_digest=call.caller_digest if call else None,
            created_at=now,
            policy=self._policies().at(now).version,
        )
        if split_from is not None:
            ticket.caller_digest = split_from.caller_digest
            ticket.source_line = split_from.source_line
            ticket.secrecy = split_from.secrecy
        fill(ticket, fields, self._policies().pack, self._vault)
        session.add(ticket)
        session.flush()
        keep_words(session, self._vault, number, fields, new=True)
        scene = Scene(
            viewer=viewer,
            now=now,
            policy=self._policies().named(ticket.policy),
            ticket=ticket,
            rows=LoopRepository(session),
            vault=self._vault,
        )
        scene.tell("registered")
        write_step(
            scene,
            Act.REGISTER,
            TicketState.REGISTERED,
            TicketState.REGISTERED,
            Outcome(article="10", details=_origin(call, split_from)),
        )
        return ticket

    def _next_number(self, session: Session) -> str:
        """Prefix of the pack, the city's date, and a count that starts anew each day."""
        city = self._policies().pack.city
        today = self._clock.now().astimezone(ZoneInfo(city.timezone)).strftime("%Y%m%d")
        name = f"ticket-{today}"
        count: int = session.execute(NEXT, {"name": name}).scalar_one()
        return f"{city.ticket_prefix}{today}{count:05d}"


def _origin(call: CallRow | None, split_from: TicketRow | None) -> dict[str, str]:
    if split_from is not None:
        return {"by": "split", "from": split_from.number}
    return {"by": "call" if call else "hand"}
