"""What was said in a joint meeting: kept under a key of its own, read like its tickets' words."""

from __future__ import annotations

import json

from pydantic import JsonValue
from sqlmodel import Session

from core.loop.coordination import Coordination, record_of
from core.loop.secrecy import mask_for
from core.loop.secret import STATE_SECRET
from core.people.roles import UNITS
from core.policy.book import Policy
from core.ports import Viewer
from core.store.loop_tables import MeetingRow
from core.store.tables import TicketRow
from core.store.vault import RecordErased, Vault


def keep_minutes(session: Session, vault: Vault, meeting: MeetingRow, words: str) -> None:
    """Of a meeting about a state secret no word is kept."""
    tickets = Coordination(session).tickets(meeting.id or 0)
    if _level(tickets) < STATE_SECRET:
        meeting.minutes_sealed = vault.seal(session, record_of(meeting), words)


def minutes_for(
    session: Session, vault: Vault, viewer: Viewer, policy: Policy, meeting: MeetingRow
) -> str | None:
    """The minutes as words of each of the meeting's tickets, on the strictest one's level.

    None where there are none, or where they are not the viewer's.
    """
    if meeting.minutes_sealed is None or viewer.role in UNITS:
        return None
    tickets = Coordination(session).tickets(meeting.id or 0)
    mask = mask_for(viewer.role, _level(tickets), policy.conduct, policy.pack.form)
    if not mask.words:
        return None
    words = vault.open(session, record_of(meeting), meeting.minutes_sealed)
    if not mask.masked:
        return words
    return mask.text(words, *(_fields(session, vault, ticket) for ticket in tickets))


def _level(tickets: list[TicketRow]) -> int:
    return max((ticket.secrecy for ticket in tickets), default=0)


def _fields(session: Session, vault: Vault, ticket: TicketRow) -> dict[str, JsonValue]:
    """The ticket's whole form; empty once it is erased."""
    try:
        fields: dict[str, JsonValue] = json.loads(
            vault.open(session, ticket.number, ticket.fields_sealed)
        )
    except RecordErased:
        return {}
    return fields
