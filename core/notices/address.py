"""From a stored notice to one that can be sent: text and address are opened only here."""

from __future__ import annotations

import json

from sqlmodel import Session

from core.errors import HotlineError
from core.loop.columns import phone, text
from core.loop.secret import STATE_SECRET
from core.ports import Notice
from core.store.loop_tables import NoticeRow
from core.store.tables import CallRow, TicketRow
from core.store.vault import RecordErased, Vault


class NoticeVoid(HotlineError):
    """It must not be sent: the matter is a state secret, or its record was lawfully deleted."""

    error_id = "notice_void"


class NoAddress(HotlineError):
    """Nobody knows where to reach the caller; a person has to see to it."""

    error_id = "no_address"


def addressed(session: Session, vault: Vault, row: NoticeRow) -> Notice:
    """Raises ``NoticeVoid``, ``NoAddress``, ``VaultBroken``."""
    record = row.number or ""
    ticket = session.get(TicketRow, record)
    if ticket is not None and ticket.secrecy >= STATE_SECRET:
        raise NoticeVoid(number=record)  # to nobody; who told it was answered on the line
    if row.text_sealed is None:
        raise NoticeVoid(number=record)
    try:
        words = vault.open(session, record, row.text_sealed)
        address = _address(session, vault, row, ticket)
    except RecordErased as erased:
        raise NoticeVoid(number=record) from erased
    return Notice(
        key=str(row.id),
        number=record,
        template=row.template,
        recipient=row.recipient,
        channel=row.channel,
        address=address,
        text=words,
        at=row.at,
    )


def _address(session: Session, vault: Vault, row: NoticeRow, ticket: TicketRow | None) -> str:
    """Callers: the number they left, else the one they called from. Others: the adapter's own."""
    if row.address_sealed is not None:
        return vault.open(session, row.number or "", row.address_sealed)
    if row.recipient != "caller":
        return ""
    if ticket is not None:
        fields = json.loads(vault.open(session, ticket.number, ticket.fields_sealed))
        left = phone(text(fields, "contact_phone")) or phone(text(fields, "caller_number"))
        if left:
            return left
        call = session.get(CallRow, ticket.call_id) if ticket.call_id else None
        if call is not None and call.caller_sealed is not None:
            return phone(vault.open(session, call.id, call.caller_sealed))
    raise NoAddress(number=row.number)
