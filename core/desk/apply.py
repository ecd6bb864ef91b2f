"""What each fact changes on its call's row. Facts may come twice; the first one's times stand.

``apply`` needs nothing but the row, so that a call can be followed in memory by the same rules;
``keep`` is what only the database can hold.
"""

from __future__ import annotations

import logging
from functools import singledispatch

from sqlmodel import Session

from core import calls
from core.calls import CALL_TRANSITIONS, CallFact, CallState
from core.loop.columns import caller_digest
from core.store.tables import CallRow, RecordingRow
from core.store.vault import Vault
from core.transitions import IllegalTransition, advance

log = logging.getLogger(__name__)


def find_or_open(session: Session, fact: CallFact) -> CallRow:
    """The call's row; a fact about a call that nobody announced opens one, nothing is lost."""
    row = session.get(CallRow, fact.call_id)
    if row is None:
        row = CallRow(id=fact.call_id, state=CallState.ARRIVED.value, arrived_at=fact.at)
        session.add(row)
        session.flush()
    return row


def move(row: CallRow, target: CallState) -> bool:
    """Bring the call to ``target`` if its table allows it; a late fact does not turn it back."""
    try:
        row.state = advance(CALL_TRANSITIONS, CallState(row.state), target).value
    except IllegalTransition:
        log.info("call %s: %s after %s left aside", row.id, target.value, row.state)
        return False
    return True


@singledispatch
def apply(fact: CallFact, row: CallRow) -> None:
    """Change ``row`` by ``fact``. Raises ``TypeError`` for a kind of fact nobody taught it."""
    raise TypeError(type(fact).__name__)


@apply.register
def _arrived(fact: calls.CallArrived, row: CallRow) -> None:
    row.dialled = row.dialled or fact.dialled
    row.source_line = row.source_line or fact.source_line
    row.channel = row.channel or fact.channel
    row.linkedid = row.linkedid or fact.linkedid
    row.arrived_at = min(row.arrived_at, fact.at)


@apply.register
def _flow(fact: calls.FlowTaken, row: CallRow) -> None:
    row.flow = fact.flow
    row.keys = fact.keys or row.keys
    row.enterprise = fact.enterprise or row.enterprise
    row.queue = fact.queue or row.queue


@apply.register
def _queued(fact: calls.CallQueued, row: CallRow) -> None:
    if move(row, CallState.QUEUED):
        row.queue = fact.queue
        row.queued_at = row.queued_at or fact.at


@apply.register
def _offered(fact: calls.CallOffered, row: CallRow) -> None:
    if move(row, CallState.OFFERED):
        row.agent = fact.agent
        row.queue = fact.queue
        row.offered_at = fact.at


@apply.register
def _missed(fact: calls.OfferMissed, row: CallRow) -> None:
    # With several agents ringing, only the one who holds the call can give it back.
    if row.agent == fact.agent and row.state == CallState.OFFERED and move(row, CallState.QUEUED):
        row.agent = None


@apply.register
def _connected(fact: calls.CallConnected, row: CallRow) -> None:
    if move(row, CallState.CONNECTED):
        row.agent = fact.agent
        row.agent_channel = fact.agent_channel
        row.queue = fact.queue
        row.connected_at = row.connected_at or fact.at


@apply.register
def _talked(fact: calls.TalkEnded, row: CallRow) -> None:
    row.talk_ended_at = fact.at
    if row.state == CallState.CONNECTED:
        move(row, CallState.ARRIVED)


@apply.register
def _left(fact: calls.QueueLeft, row: CallRow) -> None:
    if row.state in (CallState.QUEUED, CallState.OFFERED):
        move(row, CallState.ARRIVED)


@apply.register
def _kept(fact: calls.RecordingKept, row: CallRow) -> None:
    """A row of its own: see ``keep``."""


@apply.register
def _rated(fact: calls.CallRated, row: CallRow) -> None:
    row.rating = row.rating or fact.key


@apply.register
def _ended(fact: calls.CallEnded, row: CallRow) -> None:
    if row.ended_at is None:
        move(row, CallState.ENDED)
        row.ended_at = fact.at
        row.cause = fact.cause


def keep(fact: CallFact, row: CallRow, session: Session, vault: Vault) -> None:
    """Seal who calls, and keep where a recording lies."""
    match fact:
        case calls.CallArrived(caller_number=number, caller_name=name):
            if vault.erased(session, row.id):  # a fact that comes late brings nothing back
                return
            if number and row.caller_sealed is None:
                row.caller_sealed = vault.seal(session, row.id, number)
                row.caller_digest = caller_digest(vault, number)
            if name and row.name_sealed is None:
                row.name_sealed = vault.seal(session, row.id, name)
        case calls.RecordingKept(leg=leg, file=file):
            if session.get(RecordingRow, (row.id, leg.value)) is None:
                erase = vault.erased(session, row.id)
                session.add(RecordingRow(call_id=row.id, leg=leg.value, file=file, erase=erase))
