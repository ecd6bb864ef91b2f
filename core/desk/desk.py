"""The desk's front: every sink and the console's port, each a few lines around a unit of work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from sqlmodel import Session, select

from core.bus import Bus
from core.calls import CallConnected, CallFact, CallOffered, CallState, FlowTaken
from core.clock import Clock
from core.desk.apply import apply, find_or_open, keep
from core.desk.drafts import DraftKeeper
from core.desk.feed import Feed
from core.desk.floor import Floor
from core.desk.live import LiveCalls
from core.desk.offices import open_offices
from core.desk.records import Records
from core.desk.sessions import Sessions
from core.desk.shelf import Shelf
from core.desk.tellings import Tellings
from core.loop.registration import Registrar
from core.people.access import AccessLog
from core.people.logged import Logged
from core.people.roles import CONSOLE, require_console
from core.policy import PolicyBook
from core.ports import Restriction, Viewer
from core.search import words
from core.store.database import Database
from core.store.held import hold
from core.store.outbox import EVERYONE, NOBODY, Published, Sequencer, note
from core.store.tables import CallRow, SegmentRow
from core.store.vault import Vault
from core.transcript import Segment, StreamReport
from core.views import (
    AgentView,
    CallView,
    DraftView,
    Event,
    EventKind,
    SegmentView,
    SnapshotView,
    SystemView,
    TicketView,
    View,
)

log = logging.getLogger(__name__)

LOG_IN_HOLDS = timedelta(hours=12)
MOST_FORETOLD = 1_000  # sentences that were told and are not stored yet
T = TypeVar("T")


class HotlineDesk:
    """Implements ``FactSink``, ``TranscriptSink``, ``AgentSink``, ``ConsoleDesk``
    and ``Restrictions``; ``shelf`` and ``offices`` are the rest of the house's front.

    What concerns one call is done in the order in which it came, whatever the database; different
    calls do not wait for each other. ``run`` must be running for events to flow.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        policies: Callable[[], PolicyBook],
        clock: Clock,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._floor = Floor()
        self._bus: Bus[Published] = Bus()
        self._records = Records(vault, lambda: policies().pack)
        self._live = LiveCalls(self._records)
        registrar = Registrar(vault, policies, clock)
        self._drafts = DraftKeeper.create(policies, self._records, registrar, clock)
        self._feed = Feed(database, self._records, self._floor, self._bus, clock)
        self._sequencer = Sequencer(database, self._publish, self._feed.load)
        self._tellings = Tellings(lambda work: self._write("", work), clock)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.sessions = Sessions(database, clock, LOG_IN_HOLDS)
        self.log = AccessLog(vault.key_for("access"), clock)
        self.offices = open_offices(
            database,
            self._sequencer.write,
            registrar,
            self.sessions,
            vault,
            policies,
            self.log,
            clock,
        )
        self._logged = Logged(database.write, self.log)
        self.shelf = Shelf(database, self._sequencer.write, self._logged, clock)
        self._rules = ThreadPoolExecutor(1, "draft")
        self._foretold: dict[str, Future[DraftView | None]] = {}  # by segment id

    async def run(self) -> None:
        """Number and publish events until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sequencer.run())
                group.create_task(self._tellings.run())
                # The dictionary of the search, before the first ticket needs it.
                group.create_task(asyncio.to_thread(words.load))
        finally:
            self._rules.shutdown(wait=False)

    def announce(self, item: CallFact | Segment) -> None:
        """Tell consoles at once what is new for an agent; never waits, keeps nothing.

        For facts and final segments in the order in which they happen; ``record`` and ``segment``
        follow when they can.
        """
        if isinstance(item, Segment):
            self._foretell(item)
            return
        for telling in self._live.hear(item):
            self._bus.publish(telling)

    # What the telephone reports.

    async def record(self, fact: CallFact) -> None:
        """Keep a fact. Raises ``DatabaseAway``; see ``core.spool`` for what happens then."""

        def work(session: Session) -> tuple[str, bool]:
            row = find_or_open(session, fact)
            before = row.agent
            apply(fact, row)
            keep(fact, row, session, self._vault)
            session.add(row)
            session.flush()
            if isinstance(fact, CallConnected):  # nobody may have seen the offer
                self._drafts.open(session, row)
            if isinstance(fact, FlowTaken):
                self._drafts.refresh(session, row)
            note(session, "call", row.id, row.agent or NOBODY, fact.at)
            if before and before != row.agent:  # whoever had the call must see that it is gone
                note(session, "call", row.id, before, fact.at)
            return row.agent or "", row.state == CallState.ENDED.value

        audience, over = await self._write(fact.call_id, work)
        if over:  # a fact may also come late
            self._floor.audience.pop(fact.call_id, None)
            self._live.forget(fact.call_id)
        else:
            self._floor.audience[fact.call_id] = audience
        if isinstance(fact, CallOffered):
            await self._write(fact.call_id, self._open_draft(fact.call_id))

    def _open_draft(self, call_id: str) -> Callable[[Session], None]:
        """After the offer, in a unit of work of its own: the screen pop does not wait for rules.

        Should we die in between, the draft begins with the talk.
        """

        def work(session: Session) -> None:
            self._drafts.open(session, self._records.call_row(session, call_id))

        return work

    async def open_calls(self) -> tuple[str, ...]:
        """Ids of the calls that have not ended, for those who start after us."""
        query = select(CallRow.id).where(CallRow.state != CallState.ENDED.value)
        return tuple(await self._database.read(lambda session: session.exec(query).all()))

    async def restriction(self, caller_number: str | None) -> Restriction:
        """Whether a number is limited (article 47). Never raises."""
        return await self.offices.abuse.restriction(caller_number)

    # What the recogniser says.

    async def segment(self, segment: Segment) -> None:
        """Keep a final segment and what the draft learns from it; let a partial one pass by."""
        if not segment.final:
            self._pass_words(segment)
            return
        if segment.segment_id not in self._foretold:
            self._foretell(segment)
        told, broken = None, False
        try:
            told = await asyncio.wrap_future(self._foretold.pop(segment.segment_id))
        except Exception as fault:  # noqa: BLE001 - what was said is kept, whatever the rules make of it
            log.error("%s: the draft's rules failed (%s)", segment.call_id, type(fault).__name__)
            broken = True

        def work(session: Session) -> None:
            if session.get(SegmentRow, segment.segment_id) is not None:
                return
            call = self._records.call_row(session, segment.call_id)
            if self._vault.erased(session, call.id):
                return  # a state secret: what is still said is not kept either
            draft = None if broken else self._drafts.hear(session, call, segment, told)
            row = SegmentRow(
                id=segment.segment_id,
                call_id=call.id,
                leg=segment.leg.value,
                party=segment.party,
                start_ms=segment.start_ms,
                end_ms=segment.end_ms,
                text_sealed=self._vault.seal(session, call.id, segment.text),
                engine=segment.engine,
                confidence=segment.confidence,
            )
            session.add(row)
            hold(session, call, row)
            note(session, "segment", segment.segment_id, call.agent or NOBODY, self._clock.now())
            if draft is not None:
                self._drafts.keep(session, call, draft)

        await self._write(segment.call_id, work)

    def _foretell(self, segment: Segment) -> None:
        """The agent reads final words at once, and the draft as soon as the rules are through.

        The rules have a thread of their own; that both are stored is then still to come.
        """
        self._pass_words(segment)
        if segment.segment_id in self._foretold:
            return
        if len(self._foretold) >= MOST_FORETOLD:  # what is not stored in time comes again
            self._foretold.pop(next(iter(self._foretold))).cancel()
        loop = asyncio.get_running_loop()

        def ahead() -> DraftView | None:
            draft = self._drafts.foretell(segment)
            if draft is not None and not loop.is_closed():
                told = partial(self._pass, segment.call_id, kind="draft", draft=draft)
                loop.call_soon_threadsafe(told)
            return draft

        self._foretold[segment.segment_id] = self._rules.submit(ahead)

    async def stream(self, report: StreamReport) -> None:
        """A stream opened, ended or broke: the call's transcript stands accordingly."""
        stands = self._floor.transcript_after(report)

        def work(session: Session) -> None:
            row = session.get(CallRow, report.call_id)
            if row is not None and row.transcript != stands:
                row.transcript = stands
                session.add(row)
                note(session, "call", row.id, row.agent or NOBODY, self._clock.now())

        await self._write(report.call_id, work)

    async def engine(self, name: str | None, reason: str) -> None:
        update = {"engine": name, "engine_reason": reason}
        await self._system(self._floor.system.model_copy(update=update))

    async def recorder(self, fault: str) -> None:
        """Calls are recorded (empty), or why they are not: an error id."""
        await self._system(self._floor.system.model_copy(update={"recording": fault}))

    def keeper(self, fault: str) -> None:
        """What happens is stored at once (empty), or why it waits: an error id. Never waits itself;
        told past the database, which is what is away."""
        if fault == self._floor.system.keeping:
            return
        self._floor.system = self._floor.system.model_copy(update={"keeping": fault})
        event = Event(cursor=0, kind="system", at=self._clock.now(), system=self._floor.system)
        self._bus.publish(Published(EVERYONE, event))

    # What the queue mirror sees.

    async def agent(self, view: AgentView) -> None:
        self._floor.agents[view.agent] = view
        await self._tellings.tell("agent", view.agent, view.agent)

    async def ami(self, state: str) -> None:
        await self._system(self._floor.system.model_copy(update={"ami": state}))

    async def _system(self, view: SystemView) -> None:
        if view == self._floor.system:
            return
        self._floor.system = view
        await self._tellings.tell("system", "system", "")

    # What consoles ask.

    async def log_in(self, agent: str, password: str) -> tuple[str, Viewer]:
        return await self.sessions.log_in(agent, password)

    async def viewer(self, token: str) -> Viewer:
        return await self.sessions.viewer(token)

    async def log_out(self, token: str) -> None:
        await self.sessions.log_out(token)

    async def snapshot(self, viewer: Viewer) -> SnapshotView:
        """Raises ``NoConsole``, as all of the console's do, for roles that have none."""
        await self._console(viewer, "snapshot")
        read = await self._feed.snapshot(viewer)
        await self._saw(viewer, "snapshot", read.calls)
        return read.model_copy(update={"calls": tuple(map(self._live.now, read.calls))})

    async def events_after(self, viewer: Viewer, cursor: int, limit: int) -> list[Event]:
        await self._console(viewer, "events")
        events = await self._feed.events_after(viewer, cursor, limit)
        await self._saw(viewer, "events", [event.call for event in events if event.call])
        return [
            event.model_copy(update={"call": self._live.now(event.call)}) if event.call else event
            for event in events
        ]

    def follow(self, viewer: Viewer) -> AsyncIterator[Event]:
        require_console(viewer.role)
        return self._feed.follow(viewer)

    async def set_field(self, viewer: Viewer, call_id: str, field: str, value: Any) -> DraftView:
        await self._console(viewer, "set_field", call_id)

        def work(session: Session) -> DraftView:
            draft = self._drafts.set_field(session, viewer, call_id, field, value)
            if self._records.call_row(session, call_id).agent != viewer.agent:
                self.log.enter(session, viewer, "set_field", call_id)
            return draft

        return await self._write(call_id, work)

    async def submit(self, viewer: Viewer, call_id: str) -> TicketView:
        await self._console(viewer, "submit", call_id)

        def work(session: Session) -> TicketView:
            ticket = self._drafts.submit(session, viewer, call_id)
            self.log.enter(session, viewer, "submit", ticket.number)
            return ticket

        return await self._write(call_id, work)

    async def _console(self, viewer: Viewer, act: str, subject: str = "") -> None:
        """Raises ``NoConsole``, and writes that down."""
        if viewer.role not in CONSOLE:
            await self._logged.run(viewer, act, subject, lambda _: require_console(viewer.role))

    async def _saw(self, viewer: Viewer, act: str, calls: Iterable[CallView]) -> None:
        """Write down whose calls, other than his own, a head was shown."""
        others = sorted({call.call_id for call in calls if call.agent != viewer.agent})
        if others:
            await self._database.write(
                lambda session: self.log.enter_each(session, viewer, act, others)
            )

    def _pass_words(self, segment: Segment) -> None:
        view = SegmentView(**{name: getattr(segment, name) for name in SegmentView.model_fields})
        self._pass(segment.call_id, kind="segment" if segment.final else "partial", segment=view)

    def _pass(self, call_id: str, kind: EventKind, **payload: View) -> None:
        """An event that is not stored, or not yet, for the agent who has the call."""
        audience = self._live.agent(call_id) or self._floor.audience.get(call_id, "")
        if audience:  # what is nobody's goes to nobody, not to everybody
            event = Event(cursor=0, kind=kind, at=self._clock.now(), **payload)
            self._bus.publish(Published(audience, event))

    def _publish(self, item: Published) -> None:
        """A stored event goes out, its call as it stands by now."""
        if item.event.call is not None:
            now = {"call": self._live.stored(item.event.call)}
            item = Published(item.audience, item.event.model_copy(update=now))
        self._bus.publish(item)

    async def _write(self, call_id: str, work: Callable[[Session], T]) -> T:
        lock = self._locks.setdefault(call_id, asyncio.Lock())
        async with lock:
            try:
                return await self._sequencer.write(work)
            except Exception:
                self._drafts.forget(call_id)  # the builder may know what the rows do not
                raise
