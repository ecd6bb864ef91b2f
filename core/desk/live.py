"""What the telephone has told of each live call, ahead of the database.

A screen pop cannot stand in the one writer's queue: an agent's console is told of his call at once,
and of the same call again once it is stored. What comes to a console of a call is never older than
what came before it: stored views are brought up to what has been told since.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from core.calls import CallArrived, CallEnded, CallFact, CallState
from core.desk.apply import apply
from core.desk.records import Records
from core.store.outbox import Published
from core.store.tables import CallRow
from core.views import CallView, Event

MOST_CALLS = 2_000  # an end that nobody sees must not fill the memory


@dataclass(slots=True)
class _Live:
    """``row`` belongs to no session; ``stored`` is what the consoles were last told from rows."""

    row: CallRow
    number: str | None = None
    stored: CallView | None = None

    @property
    def rang(self) -> bool:
        """Since we run: of an agent whom the call had before, only the rows know."""
        return self.row.offered_at is not None or self.row.connected_at is not None


class LiveCalls:
    """Follows facts in memory, by the rules by which rows follow them. One thread, no I/O."""

    def __init__(self, records: Records, most: int = MOST_CALLS) -> None:
        self._records = records
        self._most = most
        self._calls: OrderedDict[str, _Live] = OrderedDict()

    def __len__(self) -> int:
        return len(self._calls)

    def hear(self, fact: CallFact) -> list[Published]:
        """Follow ``fact``; what it changes for an agent, as passing events.

        Of a call whose arrival was not heard nothing is told, nor is an end, which is in no hurry:
        that waits for the database, as does whatever only the database knows.
        """
        live = self._calls.get(fact.call_id) or self._begun(fact)
        if live is None or isinstance(fact, CallEnded):
            return []
        row = live.row
        state, agent = row.state, row.agent
        apply(fact, row)
        if (row.state, row.agent) == (state, agent) or not live.rang:
            return []
        known = live.stored or self._records.told(row, live.number)
        event = Event(cursor=0, kind="call", at=fact.at, call=_brought_up(known, row))
        # Whoever had the call sees that it is gone.
        return [Published(who, event) for who in dict.fromkeys((row.agent, agent)) if who]

    def stored(self, view: CallView) -> CallView:
        """``view`` is about to be told from the rows: how the call stands now."""
        live = self._calls.get(view.call_id)
        if live is not None:
            live.stored = view
        return self.now(view)

    def now(self, view: CallView) -> CallView:
        """A view that was read from the rows, and what was told since."""
        live = self._calls.get(view.call_id)
        if live is None or not live.rang or view.state is CallState.ENDED:
            return view
        return _brought_up(view, live.row)

    def agent(self, call_id: str) -> str | None:
        """Who has the call by what was told since we run; None if that is nobody, or not known."""
        live = self._calls.get(call_id)
        return live.row.agent if live else None

    def forget(self, call_id: str) -> None:
        """The rows know all there is to know: the call's end is stored."""
        self._calls.pop(call_id, None)

    def _begun(self, fact: CallFact) -> _Live | None:
        if not isinstance(fact, CallArrived):
            return None
        row = CallRow(id=fact.call_id, state=CallState.ARRIVED.value, arrived_at=fact.at)
        live = self._calls[fact.call_id] = _Live(row, fact.caller_number)
        if len(self._calls) > self._most:
            self._calls.popitem(last=False)
        return live


def _brought_up(view: CallView, row: CallRow) -> CallView:
    """Where the call is comes from the telephone; first times, and the rest, from the rows."""
    return view.model_copy(
        update={
            "state": CallState(row.state),
            "agent": row.agent,
            "queue": row.queue or view.queue,
            "keys": view.keys or row.keys,
            "queued_at": view.queued_at or row.queued_at,
            "offered_at": row.offered_at or view.offered_at,
            "connected_at": view.connected_at or row.connected_at,
        }
    )
